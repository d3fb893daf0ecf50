import { expect, test } from 'vitest';
import { InStep, type Follower, type Order } from './instep';

const start = Date.parse('2026-11-27T09:10:00+07:00');
const never = start + 86_400_000;

/** Followers at so many milliseconds from a moment. */
function at(moment: number, drifts: Record<string, number | Partial<Follower>>): Map<string, Follower> {
  return new Map(
    Object.entries(drifts).map(([camera, told]) => {
      const more = typeof told === 'number' ? { position: moment + told } : told;
      return [camera, { position: moment, waiting: false, over: false, ...more }];
    }),
  );
}

/** Looks again and again; pictures follow their orders as a browser does. Gives the orders of the last look. */
function run(step: InStep, positions: Record<string, number>, ms: number, from = 0): Map<string, Order> {
  let orders = new Map<string, Order>();
  for (let now = from; now <= from + ms; now += 100) {
    orders = step.look(now, never, new Map(Object.entries(positions).map(([c, position]) => [c, { position, waiting: false, over: false }])));
    for (const [camera, order] of orders) {
      if (order.do === 'run') positions[camera]! += 100 * order.rate;
      if (order.do === 'leap') positions[camera] = order.to;
    }
  }
  return orders;
}

test('the clock runs at its speed, and stands when it is told to', () => {
  const step = new InStep(start);
  step.look(0, never, at(start, { a: 0 }));
  step.look(1000, never, at(start, { a: 1000 }));
  expect(step.moment).toBe(start + 1000);
  step.speed = 4;
  step.look(2000, never, at(start, { a: 4000 }));
  expect(step.moment).toBe(start + 5000);
  step.playing = false;
  expect(step.look(3000, never, at(start, { a: 5000 })).get('a')).toEqual({ do: 'hold' });
  expect(step.moment).toBe(start + 5000);
});

test('pictures that are a little apart run on, those that are further apart are nudged', () => {
  const step = new InStep(start);
  const orders = step.look(0, never, at(start, { near: 120, ahead: 300, behind: -300, late: -800 }));
  expect(orders.get('near')).toEqual({ do: 'run', rate: 1 });
  expect(orders.get('ahead')).toEqual({ do: 'run', rate: 0.92 });
  expect(orders.get('behind')).toEqual({ do: 'run', rate: 1.08 });
  expect(orders.get('late')).toEqual({ do: 'run', rate: 1.25 });
});

test('nudged pictures come together and then run at the same speed', () => {
  const step = new InStep(start);
  const positions = { a: start + 400, b: start - 900 };
  const orders = run(step, positions, 10_000);
  expect(Math.abs(positions.a - step.moment)).toBeLessThan(150);
  expect(Math.abs(positions.b - step.moment)).toBeLessThan(150);
  expect([...orders.values()]).toEqual([
    { do: 'run', rate: 1 },
    { do: 'run', rate: 1 },
  ]);
});

test('a picture far behind leaps, once, and is given time', () => {
  const step = new InStep(start);
  expect(step.look(0, never, at(start, { a: -9000 })).get('a')).toEqual({ do: 'leap', to: start });
  expect(step.look(100, never, at(start, { a: -9000 })).get('a')).toEqual({ do: 'run', rate: 1 });
  const later = step.look(3000, never, at(start, { a: -9000 })).get('a');
  expect(later).toEqual({ do: 'leap', to: step.moment });
});

test('a camera in a gap waits behind it and joins again', () => {
  const step = new InStep(start);
  const positions = { whole: start, gap: start + 5000 };
  expect(run(step, positions, 1000).get('gap')).toEqual({ do: 'hold' });
  expect(step.ahead).toEqual(['gap']);
  expect(positions.gap).toBe(start + 5000);
  const orders = run(step, positions, 6000, 1100);
  expect(orders.get('gap')).toEqual({ do: 'run', rate: 1 });
  expect(step.ahead).toEqual([]);
  expect(Math.abs(positions.gap - positions.whole)).toBeLessThan(150);
});

test('where no camera has pictures all go over the gap', () => {
  const step = new InStep(start);
  step.look(0, never, at(start, { a: 60_000, b: 45_000, c: { over: true } }));
  expect(step.moment).toBe(start + 45_000);
  expect(step.look(100, never, at(start, { a: 60_000, b: 45_000 })).get('b')).toEqual({ do: 'run', rate: 1 });
});

test('all wait for a picture that has not come, but not for ever', () => {
  const step = new InStep(start);
  const slow = at(start, { quick: 0, slow: { waiting: true } });
  step.look(0, never, slow);
  const orders = step.look(1000, never, slow);
  expect(step.moment).toBe(start);
  expect(orders.get('quick')).toEqual({ do: 'hold' });
  expect(orders.get('slow')?.do).toBe('run');
  for (let now = 1100; now <= 5000; now += 100) step.look(now, never, slow);
  expect(step.moment).toBeGreaterThan(start);
});

test('nobody waits for a camera that has nothing more, and it is left alone', () => {
  const step = new InStep(start);
  const followers = at(start, { a: 0, done: { waiting: true, over: true } });
  step.look(0, never, followers);
  expect(step.look(500, never, followers).get('done')).toEqual({ do: 'leave' });
  expect(step.moment).toBe(start + 500);
});

test('the clock does not pass what is recorded so far', () => {
  const step = new InStep(start);
  step.look(0, start + 300, at(start, { a: 0 }));
  step.look(1000, start + 300, at(start, { a: 300 }));
  expect(step.moment).toBe(start + 300);
});

test('fast playing allows more apart', () => {
  const step = new InStep(start);
  step.speed = 8;
  expect(step.look(0, never, at(start, { a: -900 })).get('a')).toEqual({ do: 'run', rate: 8 });
  expect(step.look(1, never, at(start, { b: 2500 })).get('b')?.do).toBe('run');
});

test('another moment forgets who was ahead', () => {
  const step = new InStep(start);
  step.look(0, never, at(start, { a: 0, b: 90_000 }));
  step.seek(start - 60_000, 50);
  expect(step.ahead).toEqual([]);
  expect(step.moment).toBe(start - 60_000);
});

test('pictures that follow something else do not stop it: one that does not come is left behind, and leaps to it', () => {
  const step = new InStep(start);
  step.seek(start, 0);
  step.lead(start + 4000);
  const orders = step.look(3000, never, at(start, { late: { position: start, waiting: false }, missing: { position: start, waiting: true } }));
  expect(step.moment).toBe(start + 7000);
  expect(orders.get('late')).toEqual({ do: 'leap', to: start + 7000 });
  expect(orders.get('missing')).toEqual({ do: 'run', rate: 1 });
});

test('pictures that follow something else wait for it behind a gap, however long it is', () => {
  const step = new InStep(start);
  step.lead(start);
  const orders = step.look(0, never, at(start, { gate: 60_000 }));
  expect(orders.get('gate')).toEqual({ do: 'hold' });
  expect([step.moment, step.ahead]).toEqual([start, ['gate']]);
});
