/** New material for keys, which keep what they had for what was encrypted before. https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html */
import { z } from 'zod';
import { KmsError } from '../errors.ts';
import type { KeyUse } from '../key-access.ts';
import type { KmsKey } from '../key-ring.ts';
import { action, type KmsAction, type KmsCall, keyById, keyId, page, seconds } from './action.ts';
import { alive } from './key-actions.ts';

const dayMs = 24 * 60 * 60 * 1000;
const usualDays = 365;
const byKey = { KeyId: keyId };

export const rotationActions: readonly (readonly [string, KmsAction])[] = [
  [
    'EnableKeyRotation',
    action(
      z.strictObject({ ...byKey, RotationPeriodInDays: z.int().min(90).max(2560).default(usualDays) }),
      async (call, { KeyId, RotationPeriodInDays: rotationDays }) => {
        await call.ring.change(rotatable(call, KeyId, { action: 'kms:EnableKeyRotation' }), (record) => ({
          ...record,
          rotationDays,
        }));
        return {};
      },
    ),
  ],
  [
    'DisableKeyRotation',
    action(z.strictObject(byKey), async (call, { KeyId }) => {
      const key = rotatable(call, KeyId, { action: 'kms:DisableKeyRotation' });
      await call.ring.change(key, ({ rotationDays: _, ...record }) => record);
      return {};
    }),
  ],
  [
    'GetKeyRotationStatus',
    action(z.strictObject(byKey), async (call, { KeyId }) => {
      const { arn, record } = keyById(call, KeyId, { action: 'kms:GetKeyRotationStatus' });
      const { rotationDays, material, createdMs } = record;
      if (rotationDays === undefined) return { KeyId: arn, KeyRotationEnabled: false };
      const nextMs = (material.at(-1)?.createdMs ?? createdMs) + rotationDays * dayMs;
      const next = { RotationPeriodInDays: rotationDays, NextRotationDate: seconds(nextMs) };
      return { KeyId: arn, KeyRotationEnabled: true, ...next };
    }),
  ],
  [
    'RotateKeyOnDemand',
    action(z.strictObject(byKey), async (call, { KeyId }) => {
      const key = rotatable(call, KeyId, { action: 'kms:RotateKeyOnDemand' });
      call.ring.requireUsable(key);
      await call.ring.rotate(key);
      return { KeyId: key.arn };
    }),
  ],
  [
    'ListKeyRotations',
    action(z.strictObject({ ...byKey, ...page }), async (call, { KeyId }) => {
      const { arn, record } = keyById(call, KeyId, { action: 'kms:ListKeyRotations' });
      const Rotations = record.material
        .slice(1)
        .map(({ createdMs }) => ({ KeyId: arn, RotationDate: seconds(createdMs) }));
      return { Rotations, Truncated: false };
    }),
  ],
];

function rotatable(call: KmsCall, named: string, use: Pick<KeyUse, 'action'>): KmsKey {
  const key = alive(keyById(call, named, use));
  if (key.record.origin !== 'configuration') return key;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.arn} has its material from the configuration of the server.`,
  );
}
