/** What an account of the HTTP side may do: everything, or look. */
export const roles = ['admin', 'viewer'] as const;
export type Role = (typeof roles)[number];
