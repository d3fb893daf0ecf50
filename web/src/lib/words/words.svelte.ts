// The language of the page: Vietnamese unless this browser chose English before. Words change in place.
import i18next from 'i18next';
import { en } from './en';
import { vi, type WordKey } from './vi';

export type { WordKey } from './vi';

/** The languages there are, in the order in which they are offered. */
export const languages = ['vi', 'en'] as const;
/** A language of the page. */
export type Language = (typeof languages)[number];

const kept = 'quaywatch.language';

const catalogue = i18next.createInstance();
void catalogue.init({
  lng: 'vi',
  fallbackLng: false,
  initAsync: false,
  keySeparator: false,
  nsSeparator: false,
  // Svelte escapes whatever it shows.
  interpolation: { escapeValue: false },
  resources: { vi: { translation: vi }, en: { translation: en } },
});

let current = $state<Language>('vi');

/** The language shown now. */
export function language(): Language {
  return current;
}

/** Shows another language, and keeps it for the next visit. */
export function setLanguage(wanted: Language): void {
  current = wanted;
  document.documentElement.lang = wanted;
  try {
    localStorage.setItem(kept, wanted);
  } catch {
    // A browser that keeps nothing still shows it.
  }
}

/** Takes up the language that was chosen at an earlier visit. */
export function recallLanguage(): void {
  try {
    if (localStorage.getItem(kept) === 'en') setLanguage('en');
  } catch {
    // Nothing is kept here: Vietnamese.
  }
}

/** A word or sentence in the language shown now. */
export function word(key: WordKey, filling: Record<string, string | number> = {}): string {
  return catalogue.t(key, { ...filling, lng: current });
}

/** A word or sentence in one language, for what is written in both. */
export function wordIn(wanted: Language, key: WordKey, filling: Record<string, string | number> = {}): string {
  return catalogue.t(key, { ...filling, lng: wanted });
}

/** Whether there is a word of this name, for names that come from the service. */
export function isWord(key: string): key is WordKey {
  return key in vi;
}
