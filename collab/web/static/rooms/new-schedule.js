// @ts-check
/** A schedule's form: what its jobs do, and when, with the next runs shown while one types. */
import { h, replace } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { exactly } from "../core/time.js";
import { openForm } from "../ui/dialog.js";
import { field } from "../ui/field.js";
import { typeForm } from "./type-form.js";

/** @typedef {import("../core/context.js").Context} Context */

/** Milliseconds without a key before an expression is looked at. */
const PAUSE_MS = 250;
/** @type {[string, string][]} */
const MISSED = [
  ["once", "Run once for all of them"],
  ["skip", "Leave them out"],
  ["all", "Run each, up to 24"],
];
/** @type {[string, string][]} */
const OVERLAP = [
  ["skip", "Skip the new one"],
  ["queue", "Let the new one wait"],
  ["cancel", "Cancel the previous one"],
];

/**
 * Open the form of a new schedule.
 * @param {Context} ctx
 * @param {number | null} project
 * @param {(schedule: { id: number }) => void} done
 */
export async function newSchedule(ctx, project, done) {
  const work = await typeForm(ctx, project);
  const when = whenFields(ctx, { cron: "30 8 * * 1-5" });
  const name = field("name", "Name", { attributes: { required: true, maxlength: 120 } });
  openForm({
    title: "New schedule",
    submit: "Make it",
    fields: [name, ...when, work.field],
    async save(values) {
      const { name, cron, time_zone, missed, overlap } = values;
      const body = { name, cron, time_zone, missed, overlap, ...work.work(), project_id: project };
      const answer = await ctx.api.post("schedules", { body, idempotent: true }).catch((error) => {
        // What is wrong with the payload is told at its fields, all else by the form.
        if (asProblem(error).errors?.some((/** @type {any} */ one) => one.pointer.startsWith("#/payload/")))
          work.tell(error);
        throw error;
      });
      done(answer.data);
    },
  });
}

/**
 * Open the form that changes when a schedule is due.
 * @param {Context} ctx
 * @param {any} schedule
 * @param {(schedule: any) => void} done
 */
export function changeSchedule(ctx, schedule, done) {
  const name = field("name", "Name", { value: schedule.name, attributes: { required: true, maxlength: 120 } });
  openForm({
    title: "Change the schedule",
    submit: "Save",
    fields: [name, ...whenFields(ctx, schedule)],
    async save(values) {
      const { name, cron, time_zone, missed, overlap } = values;
      const body = { name, cron, time_zone, missed, overlap };
      const { data } = await ctx.api.patch(`schedules/${schedule.id}`, { body });
      done(data);
    },
  });
}

/** @param {Context} ctx @param {any} known */
function whenFields(ctx, known) {
  const zone = known.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  const cron = field("cron", "When", {
    value: known.cron,
    hint: "Minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly, @monthly.",
    attributes: { required: true, maxlength: 200, autocapitalize: "off", spellcheck: false },
  });
  const timeZone = field("time_zone", "Time zone", {
    value: zone,
    attributes: { list: "time-zones", maxlength: 64, spellcheck: false },
  });
  timeZone.element.append(zoneList());
  const missed = field("missed", "Missed times", {
    type: "select",
    choices: MISSED,
    value: known.missed ?? "once",
  });
  const overlap = field("overlap", "When the previous run has not ended", {
    type: "select",
    choices: OVERLAP,
    value: known.overlap ?? "skip",
  });
  showNext(ctx, cron, timeZone);
  return [cron, timeZone, missed, overlap];
}

function zoneList() {
  const list = h("datalist", { id: "time-zones" });
  const names = Intl.supportedValuesOf?.("timeZone") ?? [];
  list.append(...["UTC", ...names].map((value) => h("option", { value })));
  return list;
}

/**
 * Show below the fields when the expression would be due, once nobody types for a moment.
 * @param {Context} ctx
 * @param {import("../ui/field.js").Field} cron
 * @param {import("../ui/field.js").Field} zone
 */
function showNext(ctx, cron, zone) {
  const place = h("div", { class: "field-hint", role: "status" });
  zone.element.append(place);
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const ask = async () => {
    asked += 1;
    const mine = asked;
    const query = { cron: cron.value(), time_zone: zone.value(), count: 3 };
    try {
      const { data } = await ctx.api.get("schedules/preview", { query });
      if (mine !== asked) return;
      [cron, zone].forEach((one) => one.tell(""));
      const next = data.next_runs.map((/** @type {string} */ one) => h("li", {}, exactly(one)));
      replace(place, h("p", {}, `${data.description}. Next, by your own clock:`), h("ul", {}, next));
    } catch (error) {
      if (mine !== asked || asProblem(error).status !== 422) return;
      replace(place);
      [cron, zone].forEach((one) => one.tell(asProblem(error).of(one.name)));
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE_MS);
  };
  [cron, zone].forEach((one) => one.element.addEventListener("input", soon));
  void ask();
}
