// Asks the service for the next incident and the next pictures, day by day, because they are near nearly always.
import { timeline } from '$lib/api/footage';
import { incidents, type Incident } from '$lib/api/incidents';
import type { StreamName } from '$lib/api/types';
import { nearestIncident, nextStretch } from './stretches';

const day = 86_400_000;
const daysOfIncidents = 14;
const daysOfPictures = 31;
const perPage = 200;
const mostPages = 5;

/** The nearest incident of these cameras before or after a moment; null if there is none within two weeks. */
export async function findIncident(cameras: readonly string[], moment: number, direction: 1 | -1, now: number): Promise<Incident | null> {
  for (let days = 0; days < daysOfIncidents; days++) {
    const edge = moment + direction * days * day;
    if (direction > 0 && edge > now) return null;
    // An incident is flagged after it began: a little more than the day on both sides.
    const from = (direction > 0 ? edge : edge - day) - day / 24;
    const found = nearestIncident(await within(from, from + day + day / 12), cameras, moment, direction);
    if (found) return found;
  }
  return null;
}

async function within(from: number, to: number): Promise<Incident[]> {
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), limit: perPage };
  const all: Incident[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < mostPages; pages++) {
    const page: { incidents: Incident[]; next: string | null } = await incidents<Incident>({ ...range, cursor });
    all.push(...page.incidents);
    cursor = page.next;
    if (!cursor) break;
  }
  return all;
}

/** Where pictures begin again after a moment; null if they do not. */
export async function findStretch(cameras: readonly string[], stream: StreamName, moment: number, now: number): Promise<number | null> {
  for (let from = moment, days = 0; from < now && days < daysOfPictures; from += day, days++) {
    // From the moment on each time: a stretch may last over midnight.
    const range = { from: moment, to: Math.min(from + day, now) };
    const answers = await Promise.all(cameras.map((camera) => timeline(camera, range, stream, 1)));
    const found = nextStretch(answers.flatMap((answer) => answer.spans), moment);
    if (found !== null) return found;
  }
  return null;
}
