import { choice, duration, flag, GiB, hourMs, list, listenPort, MiB } from './forms.ts';
import { minuteMs, secret, size, text, userForm } from './forms.ts';
import { type Role, roles } from './role.ts';
import { group, required, withDefault } from './setting.ts';

const role = choice<Role>(
  roles,
  'viewer',
  '`admin`: everything; `viewer`: look, and run SQL with the rights of a database user.',
);

/** The part of the configuration about HTTP. */
export const httpSchema = group(
  'API, dashboard and metrics. Without `users` and `tokens` whoever reaches the port may do ' +
    'everything, so then it listens on a loopback address only.',
  {
    host: withDefault<string>(text, '127.0.0.1', 'Address to listen on.'),
    port: withDefault<number>(listenPort, 8000, 'Port to listen on; 0 takes a free one.'),
    enabled: withDefault<boolean>(flag, true, 'Whether to listen for HTTP at all.'),
    tls: withDefault<boolean>(flag, false, 'Speak HTTPS, with the certificate of `tls`.'),
    openMetrics: withDefault<boolean>(flag, false, 'Let `/metrics` be read without a login.'),
    sessionTimeoutMs: withDefault<number>(
      duration(minuteMs, 7 * 24 * hourMs),
      8 * hourMs,
      'A login on the page ends when it was not used for this long, and after ten times as long.',
    ),
    auditBytes: withDefault<number>(
      size(MiB, 64 * GiB),
      64 * MiB,
      'Most that the audit log in `log.folder` takes; the oldest of it is dropped.',
    ),
    users: list(
      { itemsMin: 0, itemsMax: 1000, description: 'Who may log in on the page.' },
      {
        name: required<string>(userForm, 'Name to log in with.'),
        role,
        password: required<string>(
          secret,
          'What `lockstep hash-password` printed, or the password itself, 8 characters or more.',
        ),
      },
    ),
    tokens: list(
      {
        itemsMin: 0,
        itemsMax: 1000,
        description: 'What programs send as `Authorization: Bearer …`.',
      },
      {
        name: required<string>(userForm, 'Name that events and the audit log show.'),
        role,
        token: required<string>(
          secret,
          'The hash that `lockstep hash-password --token` printed, or the token itself, 32 ' +
            'characters or more.',
        ),
      },
    ),
  },
);
