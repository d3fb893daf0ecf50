// Who may use quaywatch, and what they may do.
import { get, patch, post } from './client';
import type { OfCentre } from './schema/answers';
import type { Installation, Right, Role } from './types';

/** Somebody with an account. */
export type User = OfCentre<'User'>;
/** Somebody who gets an account. */
export type NewUser = OfCentre<'NewUser'>;
/** What is changed of an account. */
export type UserChange = Partial<OfCentre<'ChangedUser'>>;

/** What each role may do, unless somebody has rights of their own. */
export const roleRights: Readonly<Record<Role, readonly Right[]>> = {
  viewer: ['live', 'view'],
  staff: ['live', 'view', 'handle', 'health'],
  supervisor: ['live', 'view', 'handle', 'export', 'hold', 'delete', 'health', 'rules', 'audit'],
  technician: ['live', 'health', 'rules'],
  admin: ['live', 'view', 'handle', 'export', 'hold', 'delete', 'health', 'rules', 'people', 'audit'],
  monitor: ['view', 'handle', 'health'],
};

/** The roles that there are at each of the two servers. */
export const rolesAt: Readonly<Record<Installation, readonly Role[]>> = {
  centre: ['staff', 'viewer', 'supervisor', 'technician', 'admin'],
  province: ['monitor', 'viewer', 'technician', 'admin'],
};

const one = (name: string) => `/api/users/${encodeURIComponent(name)}`;

/** Everybody. */
export const allUsers = async (): Promise<User[]> => (await get<{ users: User[] }>('/api/users')).users;
/** Adds somebody; the one-time password is told this once. */
export const addUser = (user: NewUser): Promise<{ user: User; password: string }> => post('/api/users', user);
/** Changes somebody. */
export const changeUser = (name: string, change: UserChange): Promise<User> => patch(one(name), change);
/** A new one-time password, told this once. */
export const resetPassword = (name: string): Promise<{ password: string }> => post(`${one(name)}/password`);
