// Turns what the service says about a range into what is drawn: places on the line, merged where they would
// be smaller than a pixel.
import type { Gap, Severity, Span, TimelineAnswer, TimelineIncident } from '$lib/api/types';
import { curvePath, placeOf, type View } from './scale';

/** A stretch on the line, in pixels. */
export interface Bar {
  x: number;
  width: number;
}
/** A gap on the line. */
export interface GapBar extends Bar {
  gap: Gap;
}
/** An incident on the line. */
export interface IncidentMark extends Bar {
  incident: TimelineIncident;
}

/** All that is drawn. */
export interface Layers {
  spans: Bar[];
  gaps: GapBar[];
  incidents: IncidentMark[];
  level: string;
  people: string;
  mostPeople: number;
}

const rank: Record<Severity, number> = { notice: 0, warning: 1, urgent: 2 };

/** What is drawn on a line of so many pixels; curves fill `height`. */
export function layers(answer: TimelineAnswer, view: View, width: number, height: number, now: number): Layers {
  const bar = (from: string, to: string | null): Bar => {
    const x = placeOf(Date.parse(from), view, width);
    const end = placeOf(to === null ? now : Date.parse(to), view, width);
    return { x: Math.max(-5, x), width: Math.min(width + 5, end) - Math.max(-5, x) };
  };
  const inView = (b: Bar) => b.width > 0 && b.x < width;
  const { curve } = answer;
  const place = (i: number) => (curve ? placeOf(Date.parse(curve.from) + (i + 0.5) * curve.step_ms, view, width) : 0);
  const people = curve?.people ?? [];
  const mostPeople = Math.max(4, ...people.map((n) => n ?? 0));
  return {
    spans: joined(answer.spans.map((s: Span) => bar(s.from, s.to)).filter(inView)),
    gaps: answer.gaps.map((gap) => ({ gap, ...bar(gap.from, gap.to) })).filter(inView),
    // The grave ones last: they are drawn over the others.
    incidents: [...answer.incidents]
      .sort((a, b) => rank[a.severity] - rank[b.severity])
      .map((incident) => ({ incident, ...bar(incident.started_at, incident.ended_at) }))
      .filter((m) => m.x + Math.max(m.width, 0) > 0 && m.x < width),
    level: curvePath(curve?.level_dbfs ?? [], place, height, -70, 0),
    people: curvePath(people, place, height, 0, mostPeople),
    mostPeople,
  };
}

/** A day has thousands of files, and a screen has not: neighbours become one bar. */
function joined(bars: Bar[]): Bar[] {
  const found: Bar[] = [];
  for (const bar of bars) {
    const last = found.at(-1);
    if (last && bar.x - (last.x + last.width) < 0.3) last.width = Math.max(last.width, bar.x + bar.width - last.x);
    else found.push({ ...bar });
  }
  return found;
}
