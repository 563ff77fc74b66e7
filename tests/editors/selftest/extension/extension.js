// The smallest extension that shows everything the VS Code driver can look at:
// a diagnostic, a fix, a lens, a hint, a completion, a notification, a dialog,
// inputs, a status item, a tree and a webview.
'use strict';
const vscode = require('vscode');

const WORD = 'WRONG';

function places(document) {
  const found = [];
  for (let at = document.getText().indexOf(WORD); at >= 0; at = document.getText().indexOf(WORD, at + 1)) {
    found.push(new vscode.Range(document.positionAt(at), document.positionAt(at + WORD.length)));
  }
  return found;
}

exports.activate = (context) => {
  const selector = { language: 'plaintext' };
  const problems = vscode.languages.createDiagnosticCollection('selftest');
  const status = vscode.window.createStatusBarItem('selftest.status', vscode.StatusBarAlignment.Left);
  status.text = 'selftest: asked nothing';
  status.show();
  const trust = vscode.window.createStatusBarItem('selftest.trust', vscode.StatusBarAlignment.Left);
  trust.text = vscode.workspace.isTrusted ? 'selftest: trusted' : 'selftest: not trusted';
  trust.show();
  const look = (document) => {
    if (document.languageId !== 'plaintext') return;
    problems.set(document.uri, places(document).map((range) => new vscode.Diagnostic(range, `${WORD} is not right`)));
  };
  vscode.workspace.textDocuments.forEach(look);
  context.subscriptions.push(
    problems,
    status,
    trust,
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument((change) => look(change.document)),
    vscode.languages.registerCodeActionsProvider(selector, {
      provideCodeActions(document) {
        const ranges = places(document);
        if (ranges.length === 0) return [];
        const fix = new vscode.CodeAction('Make it right', vscode.CodeActionKind.QuickFix);
        fix.edit = new vscode.WorkspaceEdit();
        for (const range of ranges) fix.edit.replace(document.uri, range, 'right');
        return [fix];
      },
    }),
    vscode.languages.registerCodeLensProvider(selector, {
      provideCodeLenses: () => [new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { title: 'Ask me', command: 'selftest.ask' })],
    }),
    vscode.languages.registerHoverProvider(selector, { provideHover: () => new vscode.Hover('a word of the sample') }),
    vscode.commands.registerCommand('selftest.ask', async () => {
      const answer = await vscode.window.showWarningMessage('The sample holds', 'Go on', 'Stop');
      status.text = `selftest: ${answer ?? 'dismissed'}`;
    }),
    vscode.languages.registerInlayHintsProvider(selector, {
      provideInlayHints: () => [new vscode.InlayHint(new vscode.Position(0, 3), 'a hint')],
    }),
    vscode.languages.registerCompletionItemProvider(selector, {
      provideCompletionItems: () => [new vscode.CompletionItem('wrongness'), new vscode.CompletionItem('wrongly')],
    }),
    vscode.window.createTreeView('selftest.fruit', {
      treeDataProvider: { getChildren: (parent) => (parent ? [] : ['apple', 'pear']), getTreeItem: (name) => new vscode.TreeItem(name) },
    }),
    vscode.commands.registerCommand('selftest.sure', async () => {
      status.text = `selftest: ${await vscode.window.showWarningMessage('Really?', { modal: true }, 'Yes, really')}`;
    }),
    vscode.commands.registerCommand('selftest.name', async () => {
      status.text = `selftest: ${await vscode.window.showInputBox({ prompt: 'Your name' })}`;
    }),
    vscode.commands.registerCommand('selftest.colour', async () => {
      status.text = `selftest: ${await vscode.window.showQuickPick(['red', 'green'])}`;
    }),
    vscode.commands.registerCommand('selftest.panel', () => {
      const panel = vscode.window.createWebviewPanel('selftest', 'Selftest Panel', vscode.ViewColumn.Beside, { enableScripts: true });
      panel.webview.html = `<h1>Panel</h1><p id="home">${process.env.FERMATA_HOME}</p><button>Press</button><p id="reply"></p><script>
        const host = acquireVsCodeApi();
        document.querySelector('button').onclick = () => host.postMessage('pressed');
        window.onmessage = (event) => { document.querySelector('#reply').textContent = event.data; };
      </script>`;
      panel.webview.onDidReceiveMessage((message) => panel.webview.postMessage(`host heard: ${message}`));
    }));
};
