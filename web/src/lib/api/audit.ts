// The journal: who did what, and whether somebody tampered with it.
import { get, query } from './client';
import type { OfCentre } from './schema/answers';

/** The things that are written down. */
export const auditActions = [
  'sign-in',
  'sign-in-failed',
  'locked',
  'sign-out',
  'password-changed',
  'user-added',
  'user-changed',
  'password-reset',
  'viewed',
  'flagged',
  'handled',
  'export-begun',
  'export-whole',
  'export-failed',
  'export-downloaded',
  'export-deleted',
  'held',
  'released',
  'deleted',
  'footage-missing',
  'evidence-missing',
  'asked',
  'command-given',
  'audit-read',
  'trial',
] as const;

/** One entry; what its detail holds depends on the action. */
export type AuditEntry = Omit<OfCentre<'AuditEntry'>, 'detail'> & { detail: Readonly<Record<string, unknown>> };

/** What entries are asked for. */
export interface AuditFilter {
  who?: string | null;
  action?: string | null;
  from?: string | null;
  to?: string | null;
  cursor?: string | null;
  limit?: number;
}

/** A page of the journal, newest first. */
export interface AuditPage {
  entries: AuditEntry[];
  next: string | null;
}

/** Whether each entry still has the hash of the one before it. */
export type AuditCheck = OfCentre<'Checked'>;

/** A page of it. */
export const auditPage = (filter: AuditFilter, signal?: AbortSignal): Promise<AuditPage> =>
  get(`/api/audit${query({ ...filter })}`, signal);
/** Checks all of it. */
export const checkAudit = (): Promise<AuditCheck> => get('/api/audit/check');
/** The address of all of it, a line an entry. */
export const auditLogAddress = '/api/audit/log.jsonl';
