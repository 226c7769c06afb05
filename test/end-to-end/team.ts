// An organisation with members for end-to-end tests: who is invited answers the mail, which a real
// SMTP server takes.

import { linkTokenOf, type MailServer } from '../servers/mail-server.ts';
import { succeeded, type Json } from './sale-client.ts';
import type { SaleServer } from './sale-server.ts';

export interface Person {
  readonly id: string;
  readonly email: string;
}

export class Team {
  readonly id: string;
  readonly founder: Person;
  readonly #server: SaleServer;
  readonly #mail: MailServer;

  private constructor(server: SaleServer, mail: MailServer, id: string, founder: Person) {
    this.#server = server;
    this.#mail = mail;
    this.id = id;
    this.founder = founder;
  }

  static async found(server: SaleServer, mail: MailServer, name = 'Lamps & Co'): Promise<Team> {
    const founder = await server.register('Founder');
    const body = { name };
    const made = succeeded(await server.post('/v1/organisations', { as: founder.id, body }));
    return new Team(server, mail, String(made.json['id']), founder);
  }

  get path(): string {
    return `/v1/organisations/${this.id}`;
  }

  /** The invitation, and the token of its mail. */
  async invite(email: string, role: string): Promise<{ id: string; token: string }> {
    const body = { email, role };
    const path = `${this.path}/invitations`;
    const sent = succeeded(await this.#server.post(path, { as: this.founder.id, body }));
    const token = linkTokenOf(await this.#mail.next(email, /An invitation/));
    return { id: String(sent.json['id']), token };
  }

  /** A new person, who is a member when this resolves. */
  async join(role: string): Promise<Person> {
    const person = await this.#server.register(`A new ${role}`);
    const { id, token } = await this.invite(person.email, role);
    const path = `/v1/invitations/${id}/accept`;
    succeeded(await this.#server.post(path, { as: person.id, body: { token } }));
    return person;
  }

  async product(): Promise<string> {
    const path = `/v1/creators/${this.id}/products`;
    const options = { as: this.founder.id, body: { name: 'Lamp' } };
    return String(succeeded(await this.#server.post(path, options)).json['id']);
  }

  /** A drop or a draft of a new product, made by the founder. */
  async drop(terms: Json): Promise<string> {
    const path = `/v1/products/${await this.product()}/drops`;
    const options = { as: this.founder.id, body: terms };
    return String(succeeded(await this.#server.post(path, options)).json['id']);
  }
}
