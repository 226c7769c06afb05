// The contract of the search index on SQLite.

import { searchIndexContract } from './contract/search-index.ts';
import { openSearchIndex } from './search-index-sqlite.ts';

searchIndexContract(openSearchIndex);
