// The guest `honest` once more, in JavaScript: it answers as the one in Rust does, and the host's tests hold the two side
// by side.

import calendar from "lignaflow:plugin/calendar@0.1.0";
import context from "lignaflow:plugin/context@0.1.0";
import logging from "lignaflow:plugin/logging@0.1.0";
import people from "lignaflow:plugin/people@0.1.0";
import records from "lignaflow:plugin/records@0.1.0";

const json = (value) => ({ status: 200, payload: { tag: "json", val: JSON.stringify(value) }, writes: [] });
const parameter = (request, name) => (request.parameters.find(([key]) => key === name) ?? ["", ""])[1];

function selection(collection, limit) {
  return {
    collection,
    authority: "plugin",
    where: [
      { tag: "all", val: [1, 2] },
      { tag: "negate", val: 3 },
      { tag: "compare", val: { path: "title", operator: "not-equal", value: { tag: "text", val: "secret" } } },
      { tag: "is-null", val: "title" },
    ],
    sort: [{ path: "title", descending: true }],
    select: ["title"],
    limit,
    after: null,
  };
}

const titles = (page) => json(page.rows.flat().filter((value) => value.tag === "text").map((value) => value.val));

function count() {
  const page = records.summarize({
    collection: "notes",
    authority: "caller",
    where: [],
    groupBy: [{ path: "title", bucket: "none" }],
    metrics: [{ kind: "count", path: "id", where: [], label: "count" }],
    sort: [],
    limit: 100,
    after: null,
  });
  return json(page.rows.length);
}

function one(id) {
  const values = records.get("notes", id, ["title"], "caller");
  return json(values === null ? null : values[0].val);
}

function facts() {
  const caller = context.current();
  const fresh = context.newId() !== context.newId();
  return json([caller.principal.tag, caller.locale, caller.currency, caller.permissions, caller.now, fresh]);
}

function folk() {
  const all = people.holding("honest.read");
  const found = people.get(all[0].id);
  return json([all.length, found.name, people.get("no id") === null]);
}

function clock(zone) {
  try {
    const local = calendar.toLocal(1796000400000000, zone);
    return json([local.date, local.second, local.offsetSeconds, calendar.toInstant(local.date, local.second, zone)]);
  } catch (fault) {
    return json(fault.payload ?? fault);
  }
}

function copy(request) {
  const id = context.newId();
  // There is no TextDecoder here: UTF-8 is read as addresses spell it.
  const title = decodeURIComponent(Array.from(request.body, (byte) => "%" + byte.toString(16).padStart(2, "0")).join(""));
  const text = { tag: "text", val: title };
  const where = [{ tag: "compare", val: { path: "title", operator: "equal", value: text } }];
  const fault = { code: "conflict", message: "It is there already.", issues: [] };
  return {
    status: 201,
    payload: { tag: "saved", val: ["notes", id] },
    writes: [
      { tag: "insert", val: { collection: "notes", id, fields: [{ key: "title", value: text }] } },
      { tag: "ensure-some", val: { collection: "notes", where, fault } },
    ],
  };
}

export const routes = {
  handle(request) {
    switch (request.route) {
      case "hello":
        return json("hello");
      case "titles":
        return titles(records.find(selection("notes", 50)));
      case "count":
        return count();
      case "one":
        return one(parameter(request, "id"));
      case "facts":
        return facts();
      case "folk":
        return folk();
      case "clock":
        return clock(parameter(request, "zone"));
      case "foreign":
        return titles(records.find(selection("other/things", 50)));
      case "all-of-them":
        for (;;) records.find(selection("notes", 1000));
      case "copy":
        return copy(request);
      case "notes-as-they-are":
        return { status: 200, payload: { tag: "found", val: selection("notes", 50) }, writes: [] };
      default:
        throw {
          code: "locked",
          message: "Not today.",
          issues: [{ path: "/title", code: "day", message: "Come back tomorrow." }],
        };
    }
  },
};

export const hooks = {
  // Titles are trimmed; one that is forbidden is refused.
  beforeSave(changes) {
    const set = [];
    for (const [index, change] of changes.entries()) {
      const title = change.after.find((entry) => entry.value.tag === "text")?.value.val;
      if (title === undefined) continue;
      if (title === "forbidden") {
        throw {
          code: "invalid",
          message: "A title is forbidden.",
          issues: [{ path: `/${index}/title`, code: "forbidden", message: "Find another title." }],
        };
      }
      set.push([index, [{ key: "title", value: { tag: "text", val: title.trim() } }]]);
    }
    logging.log("info", "looked at changes", [{ key: "count", value: { tag: "integer", val: changes.length } }]);
    return { set, also: [] };
  },
};

const note = (title) => ({
  tag: "insert",
  val: { collection: "notes", id: context.newId(), fields: [{ key: "title", value: { tag: "text", val: title } }] },
});
const refusal = (code, message) => ({ code, message, issues: [] });

export const jobs = {
  // Three slices, each with a note of where it stands; one that is to break is refused.
  run(job, payload, cursor, attempt) {
    if (payload === '"break"') throw refusal("unavailable", "Not yet.");
    const done = Number(cursor ?? 0);
    const next = done < 2 ? { cursor: String(done + 1), delaySeconds: done * 5 } : null;
    return { writes: [note(`${job} ${payload} ${done} ${attempt}`)], next };
  },
};

export const subscriber = {
  // A note for each event.
  receive(events) {
    if (events.length === 0) throw refusal("invalid", "Nothing was told.");
    return events.map((event) => {
      const title = event.after.find((entry) => entry.value.tag === "text")?.value.val ?? "";
      return note(`${event.sequence} ${event.collection} ${event.kind} ${event.version} ${title}`);
    });
  },
};

export const provider = {
  // Greets whoever it is told, and notes it.
  invoke(service, method, args) {
    if (method === "refuse") throw refusal("denied", "Not to you.");
    return { value: `"${service}: ${args.replace(/^"+|"+$/g, "")}"`, writes: [note(`${method} ${args}`)] };
  },
};
