// Bodies that show media: stores have the paths of variants, clients get whole URLs at the media
// origin. Those of private media are signed, and given to their owner alone.

import { OwnProfile, PublicProfile, Session } from '../contracts/accounts.ts';
import type { MediaVariant, Picture } from '../contracts/media.ts';
import { Media } from '../contracts/media.ts';
import { ProductView } from '../contracts/products.ts';
import { presenter } from '../contracts/wire.ts';

const mediaBody = presenter(Media);
const productBody = presenter(ProductView);
const profileBody = presenter(PublicProfile);
const ownProfileBody = presenter(OwnProfile);
const sessionBody = presenter(Session);

export interface MediaUrlsOptions {
  /** The media origin, without a slash at its end; null until the media process listens. */
  readonly origin: () => string | null;
  /** The path with its signature; null where there is no secret. */
  readonly sign: (path: string) => string | null;
}

/** Nothing is delivered anywhere. */
export const NO_MEDIA: MediaUrlsOptions = { origin: () => null, sign: () => null };

export class MediaUrls {
  readonly #options: MediaUrlsOptions;

  constructor(options: MediaUrlsOptions) {
    this.#options = options;
  }

  /** Null until the media process listens, or where there is none. */
  get origin(): string | null {
    return this.#options.origin();
  }

  readonly media = (media: Media) => {
    const { content } = media;
    if (content === null) return mediaBody(media);
    const variants = this.#variants(content.variants, media.visibility === 'private');
    return mediaBody({ ...media, content: { ...content, variants } });
  };

  readonly product = (product: ProductView) => {
    const { media, picture, hasPrivateMedia: isPrivate = false } = product;
    if (media === undefined && picture === undefined) return productBody(product);
    return productBody({
      ...product,
      ...(picture !== undefined && { picture: this.#picture(picture, isPrivate) }),
      ...(media !== undefined && {
        media: media.map((one) => ({ ...one, variants: this.#variants(one.variants, isPrivate) })),
      }),
    });
  };

  readonly profile = (profile: PublicProfile) => profileBody(this.#pictured(profile));
  readonly ownProfile = (profile: OwnProfile) => ownProfileBody(this.#pictured(profile));
  readonly session = (session: Session) =>
    sessionBody({ ...session, user: this.#pictured(session.user) });

  /** One that everybody may see. */
  readonly publicPicture = (picture: Picture) => this.#picture(picture, false);

  #pictured<T extends { readonly picture?: Picture }>(profile: T): T {
    const { picture } = profile;
    return picture === undefined ? profile : { ...profile, picture: this.publicPicture(picture) };
  }

  #picture(picture: Picture, isPrivate: boolean): Picture {
    return { ...picture, url: this.#url(picture.url, isPrivate) };
  }

  #variants(variants: readonly MediaVariant[], isPrivate: boolean): MediaVariant[] {
    return variants.map((one) => ({ ...one, url: this.#url(one.url, isPrivate) }));
  }

  #url(path: string, isPrivate: boolean): string {
    const { origin, sign } = this.#options;
    return (origin() ?? '') + ((isPrivate ? sign(path) : null) ?? path);
  }
}
