// Tells that something is new: a tone, and a sentence for those who do not see the page.
import type { IncidentEvent } from '$lib/api/centre.svelte';
import { events } from '$lib/api/events.svelte';
import type { Severity } from '$lib/api/types';
import { newIncidents } from './counts.svelte';
import { sentence, type Names } from './sentence';
import { word } from '$lib/words/words.svelte';

const kept = 'quaywatch.sound';
const repeatMs = 8000;

/** Heights in Hz, one after the other. */
const tones: Record<Severity, number[]> = {
  notice: [523],
  warning: [659, 523],
  urgent: [880, 660, 880, 660],
};

/** The tone and the announcement for new incidents. */
export class Alarm {
  /** Whether somebody wants to hear it. */
  isOn = $state(true);
  /** Whether the browser lets nothing be heard until somebody touches the page. */
  isBlocked = $state(false);
  /** What is read aloud by a screen reader. */
  said = $state('');

  #sound: AudioContext | null = null;

  /** Begins to listen. `least` is the least severity that is heard here; ends with the returned function. */
  start(names: Names, now: () => number, least: Severity): () => void {
    try {
      this.isOn = localStorage.getItem(kept) !== 'off';
    } catch {
      // Nothing is kept here: it is on.
    }
    const heard: Severity[] = least === 'urgent' ? ['urgent'] : ['notice', 'warning', 'urgent'];
    const off = events.on('incident', (data) => {
      const event = data as IncidentEvent;
      const severity = heard.find((each) => each === event.severity);
      if (event.what !== 'opened' || !severity) return;
      const subject = { ...event, zone: null, peak: {}, started_at: event.flagged_at };
      this.said = word('incident.announced', { severity: word(`severity.${severity}`), what: sentence(subject, names, now()) });
      this.#ring(severity);
    });
    const again = setInterval(() => {
      if (newIncidents.now.urgent_new > 0) this.#ring('urgent');
    }, repeatMs);
    const touched = () => void this.#wake();
    document.addEventListener('pointerdown', touched, { capture: true });
    document.addEventListener('keydown', touched, { capture: true });
    void this.#wake();
    return () => {
      off();
      clearInterval(again);
      document.removeEventListener('pointerdown', touched, { capture: true });
      document.removeEventListener('keydown', touched, { capture: true });
      void this.#sound?.close();
      this.#sound = null;
    };
  }

  /** Switches the tone on or off, also for the next visit. */
  set(isOn: boolean): void {
    this.isOn = isOn;
    try {
      localStorage.setItem(kept, isOn ? 'on' : 'off');
    } catch {
      // A browser that keeps nothing still does it now.
    }
    if (isOn) this.#ring('notice');
  }

  /** Makes sound possible, if the browser lets us. */
  async #wake(): Promise<void> {
    this.#sound ??= new AudioContext();
    // Resuming waits for a touch, for ever if need be: what matters is how it stands then.
    void this.#sound.resume().then(() => (this.isBlocked = this.#sound?.state !== 'running'));
    this.isBlocked = this.#sound.state !== 'running';
  }

  #ring(severity: Severity): void {
    const sound = this.#sound;
    if (!this.isOn || !sound || sound.state !== 'running') return;
    tones[severity].forEach((height, i) => {
      const [from, length] = [sound.currentTime + i * 0.22, 0.18];
      const [tone, loudness] = [sound.createOscillator(), sound.createGain()];
      tone.frequency.value = height;
      // Without the slopes there would be a crack.
      loudness.gain.setValueAtTime(0, from);
      loudness.gain.linearRampToValueAtTime(severity === 'urgent' ? 0.35 : 0.18, from + 0.02);
      loudness.gain.linearRampToValueAtTime(0, from + length);
      tone.connect(loudness).connect(sound.destination);
      tone.start(from);
      tone.stop(from + length);
    });
  }
}

/** The alarm of this page. */
export const alarm = new Alarm();
