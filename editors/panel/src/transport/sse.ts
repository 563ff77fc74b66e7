// Server-sent events read from a byte stream. `EventSource` cannot send the token
// as a header, so the stream is fetched and split here. Pure but for the reading.

/** One server-sent event. */
export interface ServerSent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** Splits text chunks into events, whatever the chunk borders are. */
export class EventSplitter {
  #rest = "";

  /** Takes a chunk, gives the events that it completed. */
  push(chunk: string): ServerSent[] {
    this.#rest += chunk;
    const out: ServerSent[] = [];
    for (;;) {
      const match = /\r?\n\r?\n/.exec(this.#rest);
      if (match === null) return out;
      const block = this.#rest.slice(0, match.index);
      this.#rest = this.#rest.slice(match.index + match[0].length);
      const event = parseBlock(block);
      if (event !== null) out.push(event);
    }
  }
}

function parseBlock(block: string): ServerSent | null {
  let event = "message";
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    if (line === "" || line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id") id = value;
  }
  // A block of comments only is still a sign of life.
  return { event: data.length === 0 && event === "message" ? "ping" : event, data: data.join("\n"), id };
}
