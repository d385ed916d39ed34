// The guest `envoy` once more, in JavaScript: it answers as the one in Rust does, and the host's tests hold the two side by
// side.

import context from "lignaflow:plugin/context@0.1.0";
import media from "lignaflow:plugin/media@0.1.0";
import outbound from "lignaflow:plugin/outbound@0.1.0";
import services from "lignaflow:plugin/services@0.1.0";
import settings from "lignaflow:plugin/settings@0.1.0";

const json = (value) => ({ status: 200, payload: { tag: "json", val: JSON.stringify(value) }, writes: [] });
const parameter = (request, name) => (request.parameters.find(([key]) => key === name) ?? ["", ""])[1];
// There is neither TextEncoder nor TextDecoder here, and nothing but ASCII either.
const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const note = (id, entries) => ({ tag: "insert", val: { collection: "notes", id, fields: entries } });
const titled = (title) => ({ key: "title", value: { tag: "text", val: title } });

function tone(key) {
  const value = settings.get(key);
  return json(value?.tag === "text" ? value.val : null);
}

function file(id) {
  const info = media.describe(id, "caller");
  const part = media.read(id, "caller", 2, 3);
  return json([info.name, info.contentType, Number(info.size), Array.from(part)]);
}

function rows(id) {
  const portion = media.rows(id, "plugin", "Prices", 1, 2);
  return json([portion.heads, portion.total, portion.rows.map((row) => [row.number, row.cells])]);
}

function make() {
  const [id, held] = [context.newId(), context.newId()];
  media.create(held, "tally.csv");
  media.append(held, bytes("what,times\n"));
  media.append(held, bytes("doors,4\n"));
  const writes = [note(id, [titled("Tally"), { key: "file", value: { tag: "reference", val: held } }])];
  return { status: 200, payload: { tag: "saved", val: ["notes", id] }, writes };
}

export const routes = {
  handle(request) {
    switch (request.route) {
      case "tone":
        return tone(parameter(request, "key"));
      case "file":
        return file(parameter(request, "id"));
      case "rows":
        return rows(parameter(request, "id"));
      case "make":
        return make();
      default:
        return json(JSON.parse(services.call("honest.greet", "say", String.fromCharCode(...request.body))));
    }
  },
};

export const hooks = {
  beforeSave() {
    return { set: [], also: [] };
  },
};

export const jobs = {
  run(job, payload) {
    const answer = outbound.send({
      method: "PUT",
      url: JSON.parse(payload),
      headers: [
        ["x-trade", "joinery"],
        ["Content-Type", "text/plain"],
      ],
      secrets: [{ setting: "key", header: "authorization", prefix: "Bearer " }],
      body: bytes("four doors"),
      timeoutMs: 2000,
    });
    const headers = answer.headers.map(([name, value]) => `${name}=${value}`).join(",");
    return { writes: [note(context.newId(), [titled(`${answer.status} ${headers} ${answer.body.length}`)])], next: null };
  },
};
