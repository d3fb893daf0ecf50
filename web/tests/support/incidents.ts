// Incidents of a test: waited for at the service, and found on the page.
import type { Locator, Page } from '@playwright/test';
import { until } from './process';
import type { Service } from './service';

/** What tests ask of an incident. */
export interface Told {
  id: string;
  kind: string;
  camera: string | null;
  started_at: string;
  flagged_at: string;
  evidence: { clip: boolean; from: string; to: string };
  work: { state: string; owner: string | null };
}

/** Waits for an incident of this kind that fits; gives the newest. */
export function incidentOf(
  service: Service,
  kind: string,
  fits: (incident: Told) => boolean = () => true,
  seconds = 60,
): Promise<Told> {
  return until(`an incident of ${kind}`, seconds, async () => {
    const { incidents } = await service.ask<{ incidents: Told[] }>('/api/incidents?limit=200');
    return incidents.find((one) => one.kind === kind && fits(one));
  });
}

/** Its row in the list of the page. */
export const row = (page: Page, { id }: { id: string }): Locator => page.locator(`a[data-incident="${id}"]`);
/** What was done about the one that is open. */
export const history = (page: Page): Locator => page.locator('section', { has: page.getByRole('heading', { name: 'Đã làm gì' }) });
