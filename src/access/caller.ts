import type { Role } from '../config/role.ts';
import type { HttpSession } from './http-sessions.ts';

/** Who asks. */
export interface Caller {
  /** `local` when nobody has to say who he is. */
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** No account is configured: whoever reaches the port may do everything. */
  readonly open: boolean;
  /** The login of the page that the request belongs to. */
  readonly session: HttpSession | undefined;
}

export const localName = 'local';

/** Somebody unknown; for what is open to everybody. */
export const nobody = (address: string): Caller => ({
  name: 'nobody',
  role: 'viewer',
  address,
  open: false,
  session: undefined,
});
