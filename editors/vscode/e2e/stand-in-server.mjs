// A stand-in for `fermata lsp` that knows one workflow and one run: enough to
// prove the extension and its panel alone. Speaks the protocol, decides nothing.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const RUN = '01jhk3v9d2qf8m4t6x0zabcdef';
/** The log outlives the server, as a real one does. */
const STORE = path.join(process.env.FERMATA_HOME ?? '.', 'stand-in.json');
const events = fs.existsSync(STORE) ? JSON.parse(fs.readFileSync(STORE, 'utf8')) : [];
const subscribed = new Map();
let starts = [];

function send(message) {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
const notify = (method, params) => send({ method, params });

function add(path, event) {
  events.push({ run: RUN, seq: events.length + 1, at: Date.now(), path, schema: 1, ...event });
  fs.writeFileSync(STORE, JSON.stringify(events));
}

function flush(from) {
  if (subscribed.has(RUN)) notify('fermata/events', { run: RUN, from: from + 1, events: events.slice(from) });
  notify('fermata/runChanged', { run: RUN, status: status() });
}

const open = () => events.filter((event) => event.gate?.gate && !events.some((other) => other.gate === event.gate.gate)).map((event) => event.gate);
const status = () => (events.length === 0 ? 'queued' : open().length > 0 ? 'waiting' : events.at(-1).type === 'run_completed' ? 'completed' : 'running');

function begin(inputs) {
  add('', { type: 'run_queued', workflow: 'loop', file: '/loop.yaml', dialect: 'conductor', scope: '', inputs, request: '1', gates: 'ask', cwd: '/', by: 'mia', surface: 'vscode' });
  add('', { type: 'run_started', fence: 1, version: '0', seed: 1 });
  for (let round = 1; round <= 2; round += 1) {
    for (const step of ['draft', 'review']) {
      const path = round === 1 ? step : `${step}#${round}`;
      add(path, { type: 'step_started', step, kind: 'agent', attempt: 1, iteration: (round - 1) * 2 + (step === 'review' ? 1 : 0), rendered: {} });
      add(path, { type: 'step_completed', step, attempt: 1, output: { score: 60 + round }, elapsed: 40, counted: 1 });
      add(path, { type: 'route_taken', from: step, to: step === 'draft' ? 'review' : 'draft', rule: 0 });
    }
  }
  add('draft#3', {
    type: 'iteration_limit_reached',
    gate: {
      gate: 'g1', kind: 'iteration_limit', step: 'draft', path: 'draft#3', workflow: 'loop', prompt: 'loop used 4 of 4 steps',
      answers: [{ answer: { kind: 'iteration_limit', do: 'continue', n: 1 }, label: 'Continue with 1 more', fields: [{ name: 'n', ty: 'integer', minimum: 1 }] }, { answer: { kind: 'iteration_limit', do: 'stop' }, label: 'Stop' }, { answer: { kind: 'iteration_limit', do: 'abort' }, label: 'Abort the run' }],
      current_iteration: 4, max_iterations: 4, needed: 1, agent_history: ['draft', 'review', 'draft', 'review'], possible_loop: true,
      cycle: { steps: ['draft', 'review'], rounds: 2 }, verdicts: [],
    },
  });
  add('', { type: 'run_waiting', gates: ['g1'] });
}

const GRAPH = {
  nodes: [{ id: 'draft', kind: 'agent', label: 'draft', line: 3 }, { id: 'review', kind: 'agent', label: 'review', line: 6 }],
  edges: [{ from: 'draft', to: 'review' }, { from: 'review', to: 'draft', back: true, when: 'not output.ok' }, { from: 'review', to: '$end', when: 'output.ok' }],
  entry: 'draft', loops: [],
};

const verbs = {
  'fermata.run': ({ inputs }) => {
    if (inputs?.topic === undefined) return { version: 1, ok: false, reason: 'inputs_needed', message: 'loop needs 1 input', missing: [{ name: 'topic', ty: 'string', description: 'What to write about' }] };
    begin(inputs);
    flush(0);
    return { version: 1, ok: true, run: RUN, status: status() };
  },
  'fermata.answer': ({ gate, answer }) => {
    if (!open().some((each) => each.gate === gate)) return { ok: false, reason: 'The gate is closed.', answered: null, needed: null };
    const from = events.length;
    add('', { type: 'iteration_limit_resolved', gate, answer, max_iterations: 4 + (answer.n ?? 0), by: 'mia', surface: 'vscode', waited: 900 });
    add('', { type: 'run_resumed', status: 'running', by: 'mia', surface: 'vscode' });
    add('', { type: 'run_completed', output: 'Done.' });
    flush(from);
    return { ok: true };
  },
};

const answers = {
  initialize: ({ capabilities, initializationOptions }) => {
    starts = [];
    if (capabilities.experimental?.fermata !== true) throw new Error('the client does not declare experimental.fermata');
    if (initializationOptions?.trusted !== true) throw new Error('the client does not say that the workspace is trusted');
    return { capabilities: { textDocumentSync: 1, codeLensProvider: {}, executeCommandProvider: { commands: Object.keys(verbs) } }, serverInfo: { name: 'stand-in' } };
  },
  shutdown: () => null,
  'textDocument/codeLens': ({ textDocument: { uri } }) => [{ range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } }, command: { title: 'Run', command: 'fermata.run', arguments: [{ uri }] } }],
  'workspace/executeCommand': ({ command, arguments: [argument] }) => verbs[command](argument),
  'fermata/runs': () => ({ version: 1, runs: events.length === 0 ? [] : [{ run: RUN, workflow: 'loop', path: '/loop.yaml', dialect: 'conductor', status: status(), cause: null, message: null, gates: open(), started: events[0].at, ended: null }], starts }),
  'fermata/events': ({ from, limit }) => ({ events: events.slice(from - 1, from - 1 + limit), last: events.length }),
  'fermata/graph': () => GRAPH,
  'fermata/subscribe': ({ run }) => { subscribed.set(run, true); return { last: events.length }; },
  'fermata/unsubscribe': ({ run }) => { subscribed.delete(run); return null; },
};

function receive(message) {
  if (message.method === 'exit') process.exit(0);
  if (message.method === 'initialized') notify('fermata/serverStatus', { health: 'ok', message: null });
  if (message.id === undefined || message.method === undefined) return;
  try {
    const answer = answers[message.method];
    if (answer === undefined) send({ id: message.id, error: { code: -32601, message: `no ${message.method}` } });
    else send({ id: message.id, result: answer(message.params) });
  } catch (error) {
    send({ id: message.id, error: { code: -32603, message: String(error) } });
  }
}

let rest = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  rest = Buffer.concat([rest, chunk]);
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(rest.subarray(0, end).toString())?.[1]);
    if (rest.length < end + 4 + length) return;
    const body = rest.subarray(end + 4, end + 4 + length).toString();
    rest = rest.subarray(end + 4 + length);
    receive(JSON.parse(body));
  }
});
process.stdin.on('end', () => process.exit(0));
