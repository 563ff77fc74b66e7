// Where one is in the panel, and what one has typed: what survives a reload, a
// tab switch and the disposal of a webview. Reads anything, trusts nothing.

/** What is shown. */
export interface Place {
  readonly run: string | null;
  /** Path of the sub-workflow whose graph is shown. */
  readonly frame: string;
  /** Path of the selected execution, or a step's name before it ran. */
  readonly selected: string | null;
  /** The gate whose card is open. */
  readonly gate: string | null;
  readonly collapsed: boolean;
  readonly view: "auto" | "graph" | "outline";
  /** Sequence number that is replayed; null is live. */
  readonly replay: number | null;
  readonly follow: boolean;
  readonly logFilter: string;
  readonly logStep: string;
}

/** What was selected and typed at one gate. */
export interface Draft {
  readonly choice: string | null;
  readonly values: Readonly<Record<string, string>>;
}

/** A gate that nobody has touched. */
export function emptyDraft(): Draft {
  return { choice: null, values: {} };
}

const START: Place = { run: null, frame: "", selected: null, gate: null, collapsed: false, view: "auto", replay: null, follow: true, logFilter: "", logStep: "" };

/** The kept state, as far as it is one. */
export function readKept(value: unknown): { readonly place: Place; readonly drafts: Record<string, Draft> } {
  const kept = record(value);
  return { place: readPlace(kept?.["place"]), drafts: readDrafts(kept?.["drafts"]) };
}

/** A place from anything. */
export function readPlace(value: unknown): Place {
  const given = record(value) ?? {};
  const text = (name: string): string | null => (typeof given[name] === "string" ? given[name] : null);
  const view = text("view");
  const replay = given["replay"];
  return {
    run: text("run"),
    frame: text("frame") ?? START.frame,
    selected: text("selected"),
    gate: text("gate"),
    collapsed: given["collapsed"] === true,
    view: view === "graph" || view === "outline" ? view : "auto",
    replay: typeof replay === "number" && Number.isSafeInteger(replay) && replay >= 0 ? replay : null,
    follow: given["follow"] !== false,
    logFilter: text("logFilter") ?? "",
    logStep: text("logStep") ?? "",
  };
}

function readDrafts(value: unknown): Record<string, Draft> {
  const out: Record<string, Draft> = {};
  for (const [id, entry] of Object.entries(record(value) ?? {})) {
    const draft = record(entry);
    if (draft === null) continue;
    const values: Record<string, string> = {};
    for (const [name, text] of Object.entries(record(draft["values"]) ?? {})) if (typeof text === "string") values[name] = text;
    out[id] = { choice: typeof draft["choice"] === "string" ? draft["choice"] : null, values };
  }
  return out;
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** The place as an address, without the leading `?`. */
export function placeToQuery(place: Place): string {
  const query = new URLSearchParams();
  if (place.run !== null) query.set("run", place.run);
  if (place.frame !== "") query.set("in", place.frame);
  if (place.selected !== null) query.set("at", place.selected);
  if (place.gate !== null) query.set("gate", place.gate);
  if (place.view !== "auto") query.set("view", place.view);
  if (place.replay !== null) query.set("replay", String(place.replay));
  return query.toString();
}

/** The part of a place that an address holds. */
export function queryToPlace(search: string): Partial<Place> {
  const query = new URLSearchParams(search);
  if (!query.has("run")) return {};
  const replay = query.get("replay");
  const { run, frame, selected, gate, view, replay: at } = readPlace({
    run: query.get("run"), frame: query.get("in"), selected: query.get("at"), gate: query.get("gate"), view: query.get("view"), replay: replay === null ? null : Number(replay),
  });
  return { run, frame, selected, gate, view, replay: at };
}
