// The time as it goes on, for words such as "5 minutes ago": one clock for the page, which runs while somebody looks.
import { centre } from '$lib/api/centre.svelte';
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The time of the service in milliseconds; whatever reads it is shown anew each second. */
export function ticking(): number {
  subscribe();
  return centre.now();
}
