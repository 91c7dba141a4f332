import { Type } from 'typebox';
import { closed, json, operation } from '../operation.ts';
import { settingsChangeSchema, settingsDiffSchema, settingsSchema } from '../settings-control.ts';

const tag = 'config';

const paths = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), {
  minProperties: 1,
  maxProperties: 1000,
  description: 'Values by path, written as in the file: "5s", "64MB", true; null for the default.',
});

/** The configuration of the running balancer. */
export const configOperations = [
  operation({
    name: 'getConfig',
    tag,
    method: 'GET',
    path: '/config',
    summary: 'Every setting: its value, where that comes from, and what a change takes',
    schema: { answers: { 200: settingsSchema } },
    run: (control) => json(control.settings.status()),
  }),
  operation({
    name: 'changeConfig',
    tag,
    method: 'PATCH',
    path: '/config',
    summary: 'Change settings until the next restart, all of them or none; no client notices',
    schema: {
      body: Type.Object({ set: paths }, closed),
      answers: { 200: settingsChangeSchema },
    },
    run: async (control, { body, by }) => json(await control.settings.change(body.set, by)),
  }),
  operation({
    name: 'diffConfig',
    tag,
    method: 'GET',
    path: '/config/diff',
    summary: 'Where the configuration file differs from what runs',
    schema: { answers: { 200: settingsDiffSchema } },
    run: (control) => json(control.settings.diff()),
  }),
  operation({
    name: 'reloadConfig',
    tag,
    method: 'POST',
    path: '/config/reload',
    summary: 'Read the configuration file again, as on SIGHUP',
    schema: { answers: { 200: settingsChangeSchema } },
    run: async (control, { by }) => json(await control.settings.reload(by)),
  }),
  operation({
    name: 'applyConfig',
    tag,
    method: 'POST',
    path: '/config/apply',
    summary: 'Take the settings of this text, in YAML or JSON, until the next restart',
    schema: {
      body: Type.Object({ text: Type.String({ minLength: 1, maxLength: 4_000_000 }) }, closed),
      answers: { 200: settingsChangeSchema },
    },
    run: async (control, { body, by }) => json(await control.settings.apply(body.text, by)),
  }),
];
