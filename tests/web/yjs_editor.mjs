// CodeMirror with its stock binding to Yjs, as a page elsewhere would have it; bundled by the test.
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

window.begin = (file, token, name, more) => {
  const doc = new Y.Doc();
  const text = doc.getText("content");
  const provider = new WebsocketProvider(`ws://${location.host}/yjs`, String(file), doc, { params: { token, ...more } });
  provider.awareness.setLocalStateField("user", { name, color: "#1c60a5" });
  provider.once("sync", () => {
    const state = EditorState.create({ doc: text.toString(), extensions: [yCollab(text, provider.awareness)] });
    window.view = new EditorView({ parent: document.body, state });
  });
};
