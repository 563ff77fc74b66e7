// What the tested modules touch of the editor's API. Anything else is undefined,
// so a test that needs more fails loudly. Tests put their own things in.

export const window = {};
export const workspace: Record<string, unknown> = {};
export const extensions: Record<string, unknown> = {};
export const commands = { executeCommand: (): Promise<void> => Promise.resolve() };
export const QuickInputButtons = { Back: {} };
export const Uri = { joinPath: (base: string, ...parts: string[]): string => [base, ...parts].join("/") };

export class EventEmitter<T> {
  readonly #listeners: ((value: T) => void)[] = [];
  readonly event = (listener: (value: T) => void): { dispose: () => void } => {
    this.#listeners.push(listener);
    return { dispose: () => undefined };
  };
  fire(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
  dispose(): void {
    this.#listeners.length = 0;
  }
}
