// What the tested modules touch of the editor's API. Anything else is undefined,
// so a test that needs more fails loudly.

export const window = {};
export const workspace = {};
export const commands = {};
export const QuickInputButtons = { Back: {} };
