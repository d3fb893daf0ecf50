import { expect, test } from 'vitest';
import { Wishes, type Wish } from './wishes';

const one: Wish = { camera: 'counter-1', stream: 'sub' };
const two: Wish = { camera: 'counter-2', stream: 'sub' };

test('the list is sent once when it changes', () => {
  const wishes = new Wishes<string>();
  wishes.add(one, 'a');
  wishes.add(two, 'b');
  expect(wishes.lists()).toEqual([[one, two]]);
  expect(wishes.lists()).toEqual([]);
  wishes.remove(one, 'a');
  expect(wishes.lists()).toEqual([[two]]);
});

test('a watcher that comes back at once gets the stream from its start', () => {
  const wishes = new Wishes<string>();
  wishes.add(one, 'a');
  wishes.add(two, 'b');
  wishes.lists();
  wishes.remove(one, 'a');
  wishes.add(one, 'c');
  expect(wishes.lists()).toEqual([[two], [two, one]]);
  expect(wishes.watchers(one)).toEqual(['c']);
});

test('a new socket is told everything again', () => {
  const wishes = new Wishes<string>();
  wishes.add(one, 'a');
  wishes.lists();
  wishes.forget();
  expect(wishes.lists()).toEqual([[one]]);
});

test('nobody left is an empty list', () => {
  const wishes = new Wishes<string>();
  wishes.add(one, 'a');
  wishes.lists();
  wishes.remove(one, 'a');
  expect(wishes.none).toBe(true);
  expect(wishes.lists()).toEqual([[]]);
});
