// The journal: who did what, and whether somebody tampered with it.
import { get, query } from './client';

/** The things that are written down. */
export const auditActions = [
  'sign-in',
  'sign-in-failed',
  'locked',
  'sign-out',
  'session-ended',
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
  'command-given',
  'audit-read',
  'trial',
] as const;

/** One entry. */
export interface AuditEntry {
  number: number;
  at: string;
  who: string;
  /** The address it came from. */
  from: string;
  action: string;
  subject: string | null;
  detail: Readonly<Record<string, unknown>>;
  hash: string;
}

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
  /** How many there are in all that fit, if they were counted. */
  count?: number;
}

/** Whether each entry still has the hash of the one before it. */
export interface AuditCheck {
  intact: boolean;
  entries: number;
  problem: string | null;
}

/** A page of it. */
export const auditPage = (filter: AuditFilter, signal?: AbortSignal): Promise<AuditPage> =>
  get(`/api/audit${query({ ...filter })}`, signal);
/** Checks all of it. */
export const checkAudit = (): Promise<AuditCheck> => get('/api/audit/check');
/** The address of all of it, a line an entry. */
export const auditLogAddress = '/api/audit/log.jsonl';
