// What each alarm is called, and what it means, in German.

import type { AlarmKey } from './alarms-en.ts';

export const alarmsDe: Readonly<Record<AlarmKey, string>> = {
  'node-lost': 'Ein Knoten ist verloren',
  'node-lost.means':
    'Er endete, ohne zu gehen, oder ist nicht erreichbar. Andere bedienen seine Shards binnen ' +
    'Sekunden.',
  'node-silent': 'Ein Knoten antwortet nicht',
  'node-silent.means': 'Er ist da und sagte zwei Sekunden lang nicht, was er misst.',
  'node-not-ready': 'Ein Knoten ist nicht bereit',
  'node-not-ready.means': 'Er sagt, dass er nicht bedienen kann. livedrops doctor nennt Gründe.',
  'nats-away': 'Ein Knoten hat NATS verloren',
  'nats-away.means':
    'Er erreicht keinen anderen: Bestellungen für Shards anderswo werden abgelehnt, und ' +
    'Live-Nachrichten bleiben liegen.',
  'redis-weak': 'Redis könnte Bestellungen verlieren',
  'redis-weak.means': 'Mit seinen Einstellungen darf Redis verlieren, was es bestätigt hat.',
  'clock-wrong': 'Eine Uhr geht falsch',
  'clock-wrong.means': 'Bei einer Sekunde Abweichung gibt der Knoten seine Shards ab.',
  'disk-full': 'Eine Platte ist fast voll',
  'disk-full.means': 'Auf einer vollen Platte wird nichts verkauft.',
  'shards-without-owner': 'Shards haben keinen Besitzer',
  'shards-without-owner.means': 'Ihre Drops verkaufen nichts, bis ein Knoten sie bedient.',
  'shards-damaged': 'Ein Shard ist beschädigt',
  'shards-damaged.means':
    'Sein Journal ist nicht, wie es geschrieben wurde; er bleibt zu. Alle anderen verkaufen.',
  'drops-quarantined': 'Ein Drop ist außer Betrieb',
  'drops-quarantined.means':
    'Er ist immer wieder gescheitert und verkauft nichts, bis er freigegeben wird.',
  'orders-fail': 'Bestellungen scheitern',
  'orders-fail.means': 'Mehr bleiben ohne Antwort, als das Service-Level im Verkauf erlaubt.',
  'orders-slow': 'Bestellungen sind langsam',
  'orders-slow.means': 'Zu viele brauchen länger als eine halbe Sekunde.',
  'mailbox-full': 'Ein Postfach läuft voll',
  'mailbox-full.means':
    'Ein Shard bekommt mehr, als er entscheiden kann; ein volles Postfach lehnt ab.',
  'appends-fail': 'Das Journal kann nicht geschrieben werden',
  'appends-fail.means':
    'Niemand erfuhr von diesen Bestellungen; die Shards beginnen neu vom Journal.',
  'appends-slow': 'Das Journal ist langsam',
  'appends-slow.means': 'Jede Bestellung wartet, bis es geschrieben ist.',
  'reads-fail': 'Abfragen scheitern',
  'reads-fail.means': 'Mehr bleiben ohne Antwort, als das Service-Level im Verkauf erlaubt.',
  'reads-slow': 'Abfragen sind langsam',
  'reads-slow.means': 'Zu viele brauchen länger als eine Fünftelsekunde.',
  'consumer-behind': 'Ein Konsument ist im Rückstand',
  'consumer-behind.means': 'Bestelllisten, Benachrichtigungen oder Zahlungen kommen spät.',
  'people-told-late': 'Menschen erfahren es spät',
  'people-told-late.means': 'Push-Nachrichten und Mails zu Geschehenem sind noch nicht draußen.',
  'ledger-stuck': 'Das Hauptbuch fand eine andere Geschichte',
  'ledger-stuck.means':
    'Ein Journal ist nicht, was davon signiert wurde. Jemand könnte es geändert haben.',
  'ledger-late': 'Das Hauptbuch ist spät',
  'ledger-late.means': 'Was verkauft wurde, steht noch in keinem signierten Checkpoint.',
  'loop-held-up': 'Die Event-Loop wird aufgehalten',
  'loop-held-up.means': 'Der Knoten antwortet allen spät, immer wieder.',
  'search-behind': 'Die Suche ist im Rückstand',
  'search-behind.means': 'Was geändert wurde, wird noch nicht gefunden.',
  'webhooks-late': 'Webhooks sind spät',
  'webhooks-late.means': 'Aufrufe der Systeme von Anbietern warten.',
  'uploads-late': 'Uploads sind spät',
  'uploads-late.means': 'Bilder und Filme warten auf ihre Größen.',
  'jobs-overdue': 'Aufträge beginnen nicht',
  'jobs-overdue.means': 'Viele Erstattungen, Exporte oder Mails sind fällig und warten.',
  'archive-fails': 'Das Archiv kommt nicht voran',
  'archive-fails.means': 'Journale werden nicht gekürzt und wachsen.',
  'refunds-parked': 'Erstattungen sind geparkt',
  'refunds-parked.means': 'Der Zahlungsanbieter lehnte sie ab: jemand wartet auf Geld.',
  'payments-disputed': 'Zahlungen sind angefochten',
  'payments-disputed.means': 'Der Anbieter will rechtzeitig eine Antwort.',
};
