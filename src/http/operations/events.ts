import { Type } from 'typebox';
import { operation } from '../operation.ts';

export const eventOperations = [
  operation({
    name: 'streamEvents',
    tag: 'events',
    method: 'GET',
    path: '/events',
    summary: 'Events as they happen (server-sent); Last-Event-ID replays what is still kept',
    schema: { answers: { 200: Type.String({ description: 'text/event-stream' }) } },
    run: (control) => ({ kind: 'events', events: control.events }),
  }),
];
