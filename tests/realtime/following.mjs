// What somebody writes around a stock client to follow a project; it runs in Node and in a browser.

// An EventSource of any make comes back by itself.
export function stream(source) {
  const seen = { ids: [], recovered: [], told: [], codes: [] };
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data);
    if (event.signal) return;
    seen.ids.push(Number(event.id));
    if (lastEventId !== event.id) seen.told.push(`lastEventId ${lastEventId}`);
  };
  source.addEventListener("subscribed", ({ data }) => seen.recovered.push(JSON.parse(data).recovered));
  for (const name of ["unsubscribed", "closing"]) source.addEventListener(name, () => seen.told.push(name));
  source.onerror = (event) => seen.codes.push(event.code ?? event.status ?? null);
  const look = () => ({ ...seen, open: source.readyState === 1, over: source.readyState === 2 });
  return { look, close: () => source.close() };
}

// A WebSocket does not: it is opened again, with the last id that was seen, unless its end is final.
export function socket(WebSocket, url, project, token) {
  const seen = { ids: [], recovered: [], told: [], codes: [] };
  let ws, last, over;
  const open = () => {
    ws = new WebSocket(`${url}/ws?project_id=${project}&token=${token()}${last ? `&after=${last}` : ""}`);
    ws.onmessage = ({ data }) => {
      const told = JSON.parse(data);
      if (told.specversion && !told.signal) seen.ids.push(Number((last = told.id)));
      if (told.type === "token_expired") ws.send(JSON.stringify({ type: "auth", token: token() }));
      if (told.type === "subscribed") {
        last ??= String(told.last_id);
        seen.recovered.push(told.recovered);
      } else if (!told.specversion) {
        seen.told.push(told.type);
      }
    };
    ws.onerror = () => {};
    ws.onclose = ({ code }) => {
      seen.codes.push(code);
      over ||= code >= 4400 && code < 4500;
      if (!over) setTimeout(open, 200);
    };
  };
  open();
  const close = () => ((over = true), ws.close());
  return { look: () => ({ ...seen, open: ws.readyState === 1, over: Boolean(over) }), close };
}
