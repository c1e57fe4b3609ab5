/** The disks as the operator sees and changes them. */
import { z } from 'zod';
import { type BlobStore, type DiskAdministration, DiskRefusal, type DiskRefusalCode } from '../blob/types.ts';
import { Refusal, type RefusalCode } from './requests.ts';
import { type Route, readBody, refuseBody } from './routes.ts';
import { describeDisk } from './status.ts';

const placeSchema = z.strictObject({
  zone: z.string().min(1),
  path: z.string().min(1),
  group: z.string().min(1).optional(),
});
const folderSchema = z.strictObject({ path: z.string().min(1) });

/** Of an id so many digits are enough, where they name one disk only. */
const idDigitsMin = 8;

const refusals: Readonly<Record<DiskRefusalCode, RefusalCode>> = {
  UnknownDisk: 'NoSuchDisk',
  UnknownZone: 'NoSuchZone',
  UnusableGroup: 'Refused',
  UnusableFolder: 'Refused',
  WrongState: 'Refused',
  TooFewDisks: 'Refused',
  StillNeeded: 'Refused',
  RegistryNotWritten: 'NotStored',
};

export function diskRoutes(blobs: Pick<BlobStore, 'disks'> & DiskAdministration): readonly Route[] {
  const list = () => ({ disks: blobs.disks().map(describeDisk) });
  /** What the store knows the disk by, of an id, its beginning or a path. */
  const named = ({ id = '' }: Readonly<Record<string, string>>): string => {
    const found = id.length < idDigitsMin ? [] : blobs.disks().filter((disk) => disk.id.startsWith(id));
    return found.length === 1 && found[0] !== undefined ? found[0].id : id;
  };
  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: 'disks',
      async run({ body }) {
        refuseBody(body);
        return list();
      },
    },
    {
      method: 'POST',
      path: 'disks',
      run: async ({ body }) => describeDisk(await blobs.addDisk(readBody(body, placeSchema))),
    },
    {
      method: 'POST',
      path: 'disks/:id/drain',
      async run({ parameters, body }) {
        refuseBody(body);
        return describeDisk(await blobs.drainDisk(named(parameters)));
      },
    },
    {
      method: 'POST',
      path: 'disks/:id/replace',
      async run({ parameters, body }) {
        const { path } = readBody(body, folderSchema);
        return describeDisk(await blobs.replaceDisk({ id: named(parameters), path }));
      },
    },
    {
      method: 'DELETE',
      path: 'disks/:id',
      async run({ parameters, body }) {
        refuseBody(body);
        await blobs.removeDisk(named(parameters));
        return list();
      },
    },
  ];
  return routes.map((route) => ({ ...route, run: (call) => refusing(() => route.run(call)) }));
}

async function refusing(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DiskRefusal)) throw error;
    throw new Refusal(refusals[error.code], `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`);
  }
}
