// The smallest language server that shows everything the Neovim driver can look
// at: a problem, a fix, a lens, a question to the person, and a message.
import process from 'node:process';

const texts = new Map();
const waiting = new Map();
let lastId = 0;

function send(message) {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function ask(method, params) {
  lastId += 1;
  send({ id: lastId, method, params });
  return new Promise((resolve) => waiting.set(lastId, resolve));
}

function wrongWords(uri) {
  return (texts.get(uri) ?? '').split('\n').flatMap((line, number) => {
    const at = line.indexOf('WRONG');
    return at < 0 ? [] : [{ start: { line: number, character: at }, end: { line: number, character: at + 5 } }];
  });
}

function publish(uri, text) {
  texts.set(uri, text);
  send({
    method: 'textDocument/publishDiagnostics',
    params: { uri, diagnostics: wrongWords(uri).map((range) => ({ range, severity: 1, message: 'WRONG is not right' })) },
  });
}

const answers = {
  initialize: () => ({
    capabilities: {
      textDocumentSync: 1,
      codeActionProvider: true,
      codeLensProvider: {},
      executeCommandProvider: { commands: ['selftest.ask'] },
    },
  }),
  shutdown: () => null,
  'textDocument/codeAction': ({ textDocument: { uri } }) => [{
    title: 'Make it right',
    kind: 'quickfix',
    edit: { changes: { [uri]: wrongWords(uri).map((range) => ({ range, newText: 'right' })) } },
  }, {
    title: 'Ask first',
    command: { title: 'Ask first', command: 'selftest.ask' },
  }],
  'textDocument/codeLens': () => [{
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    command: { title: 'Ask me', command: 'selftest.ask' },
  }],
  'workspace/executeCommand': async () => {
    const picked = await ask('window/showMessageRequest', { type: 2, message: 'The sample holds', actions: [{ title: 'Go on' }, { title: 'Stop' }] });
    send({ method: 'window/showMessage', params: { type: 3, message: `picked ${picked?.title ?? 'nothing'}` } });
    return null;
  },
};

const notices = {
  'textDocument/didOpen': ({ textDocument }) => publish(textDocument.uri, textDocument.text),
  'textDocument/didChange': ({ textDocument, contentChanges }) => publish(textDocument.uri, contentChanges.at(-1).text),
  exit: () => process.exit(0),
};

async function take(message) {
  if (message.method === undefined) {
    waiting.get(message.id)?.(message.result);
  } else if (message.id === undefined) {
    notices[message.method]?.(message.params);
  } else if (answers[message.method]) {
    send({ id: message.id, result: await answers[message.method](message.params) });
  } else {
    send({ id: message.id, error: { code: -32601, message: `no ${message.method} here` } });
  }
}

let pending = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  for (;;) {
    const head = pending.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(pending.toString('latin1', 0, head))[1]);
    const end = head + 4 + length;
    if (pending.length < end) return;
    const message = JSON.parse(pending.toString('utf8', head + 4, end));
    pending = pending.subarray(end);
    take(message);
  }
});
process.stdin.on('end', () => process.exit(0));
