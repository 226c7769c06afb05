// The contract of the search index on its memory driver.

import { MemorySearchIndex } from '../../storage/memory/search-index-memory.ts';
import { searchIndexContract } from './contract/search-index.ts';

searchIndexContract(async () => new MemorySearchIndex());
