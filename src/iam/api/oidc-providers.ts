/** Issuers of web identities. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { iamArn } from '../names.ts';
import type { OidcProviderRecord } from '../records.ts';
import { changing, reading } from './action.ts';
import { missing, tagShapes } from './entities.ts';
import { addTags, checkLength } from './validation.ts';

const clientsMax = 100;
const thumbprintsMax = 5;

export function providerArn(accountId: string, { url }: Pick<OidcProviderRecord, 'url'>): string {
  return iamArn(accountId, `oidc-provider/${url}`);
}

function requireProvider(view: AccountView, arn: string): OidcProviderRecord {
  const found = view.oidcProviders.all().find((provider) => providerArn(view.account.id, provider) === arn);
  return found ?? missing(`OpenIDConnect Provider not found for arn ${arn}`);
}

/** Host and path of an issuer. Which of them may be spoken to without TLS is decided where they are. */
function checkUrl(text: string): string {
  checkLength(text, { member: 'url', from: 1, to: 255 });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.search === '' && url.hash === '' && url.username === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) {
    return text.replace(/^https?:\/\//i, '').replace(/\/$/, '');
  }
  throw new IamError('ValidationError', 'Invalid Open ID Connect Provider URL');
}

function checkClients(clientIds: readonly string[]): readonly string[] {
  for (const id of clientIds) checkLength(id, { member: 'clientID', from: 1, to: 255 });
  if (clientIds.length <= clientsMax) return clientIds;
  throw new IamError('LimitExceeded', `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${clientsMax}`);
}

function checkThumbprints(thumbprints: readonly string[]): readonly string[] {
  for (const print of thumbprints) checkLength(print, { member: 'thumbprintList', from: 40, to: 40 });
  if (thumbprints.length <= thumbprintsMax) return thumbprints;
  throw new IamError('InvalidInput', 'Thumbprint list must contain fewer than 5 entries.');
}

export const oidcProviderActions = [
  changing({
    name: 'CreateOpenIDConnectProvider',
    supports: ['Url', 'ClientIDList', 'ThumbprintList', 'Tags'],
    run({ view, nowMs }, { Url, ClientIDList = [], ThumbprintList = [], Tags = [] }) {
      const url = checkUrl(Url);
      if (view.oidcProviders.get(url) !== undefined) {
        throw new IamError('EntityAlreadyExists', `Provider with url https://${url} already exists.`);
      }
      const tags = addTags([], Tags);
      const lists = { clientIds: checkClients(ClientIDList), thumbprints: checkThumbprints(ThumbprintList) };
      view.oidcProviders.put(url, { url, ...lists, createdMs: nowMs, tags });
      const shownTags = tags.length === 0 ? {} : { Tags: tagShapes(tags) };
      return { OpenIDConnectProviderArn: providerArn(view.account.id, { url }), ...shownTags };
    },
  }),

  reading({
    name: 'GetOpenIDConnectProvider',
    supports: ['OpenIDConnectProviderArn'],
    run({ view }, { OpenIDConnectProviderArn }) {
      const { url, clientIds, thumbprints, createdMs, tags } = requireProvider(view, OpenIDConnectProviderArn);
      return {
        Url: url,
        ClientIDList: [...clientIds],
        ThumbprintList: [...thumbprints],
        CreateDate: new Date(createdMs),
        Tags: tagShapes(tags),
      };
    },
  }),

  reading({
    name: 'ListOpenIDConnectProviders',
    supports: [],
    run: ({ view }) => ({
      OpenIDConnectProviderList: view.oidcProviders.all().map((provider) => {
        return { Arn: providerArn(view.account.id, provider) };
      }),
    }),
  }),

  changing({
    name: 'DeleteOpenIDConnectProvider',
    supports: ['OpenIDConnectProviderArn'],
    run({ view }, { OpenIDConnectProviderArn }) {
      view.oidcProviders.remove(requireProvider(view, OpenIDConnectProviderArn).url);
      return {};
    },
  }),

  changing({
    name: 'AddClientIDToOpenIDConnectProvider',
    supports: ['OpenIDConnectProviderArn', 'ClientID'],
    run({ view }, { OpenIDConnectProviderArn, ClientID }) {
      const provider = requireProvider(view, OpenIDConnectProviderArn);
      const clientIds = checkClients([...provider.clientIds.filter((id) => id !== ClientID), ClientID]);
      view.oidcProviders.put(provider.url, { ...provider, clientIds });
      return {};
    },
  }),

  changing({
    name: 'RemoveClientIDFromOpenIDConnectProvider',
    supports: ['OpenIDConnectProviderArn', 'ClientID'],
    run({ view }, { OpenIDConnectProviderArn, ClientID }) {
      const provider = requireProvider(view, OpenIDConnectProviderArn);
      const clientIds = provider.clientIds.filter((id) => id !== ClientID);
      view.oidcProviders.put(provider.url, { ...provider, clientIds });
      return {};
    },
  }),

  changing({
    name: 'UpdateOpenIDConnectProviderThumbprint',
    supports: ['OpenIDConnectProviderArn', 'ThumbprintList'],
    run({ view }, { OpenIDConnectProviderArn, ThumbprintList }) {
      const provider = requireProvider(view, OpenIDConnectProviderArn);
      view.oidcProviders.put(provider.url, { ...provider, thumbprints: checkThumbprints(ThumbprintList) });
      return {};
    },
  }),
];
