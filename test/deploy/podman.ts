// Images and containers by Debian's podman and buildah, run by root on the network of the machine.
// No registry of images is asked: those to build from are made of Debian packages. All that one
// test makes has a name of its own and is removed at its end; the packages stay for the next run.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ChildServer, findProgram } from '../servers/child-server.ts';
import { ROOT } from './compose.ts';

const run = promisify(execFile);

const RELEASE = 'bookworm';
/** What mmdebstrap verifies Debian's packages by. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEBIAN_IMAGES = join(tmpdir(), 'livedrops-debian');
const MAKE_MAX_MS = 600_000;
/** A container ends by itself, should its test be killed. */
const LIFETIME_MAX_SECONDS = 600;
/** More than podman may raise it to on a small machine is refused to whoever may not. */
const PROCESSES_MAX = 32_768;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/**
 * crun refuses a machine with version 2 of cgroups beside version 1. It sees one with version 1
 * alone in a mount namespace without this folder.
 */
const SECOND_CGROUPS = '/sys/fs/cgroup/unified';

/** Why no container can be made here; null where everything is there. */
export function containersMissing(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root';
  const programs = ['podman', 'buildah', 'mmdebstrap', 'unshare', 'umount', KEYRING];
  const missing = programs.filter((name) => findProgram(name) === null);
  return missing.length === 0 ? null : `${missing.join(' and ')} not installed`;
}

/** The hard limit of open files that this process can give away. */
export function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1]);
}

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  /** Options of `podman run`. */
  readonly options: readonly string[];
  /** What the container is given behind its image. */
  readonly command: readonly string[];
  readonly ready: RegExp;
}

export class Podman {
  readonly #prefix = `livedrops-test-${process.pid}`;
  readonly #images: string[] = [];
  readonly #volumes: string[] = [];

  /** The tag of a minimal Debian with these packages. */
  async debian(name: string, packages: readonly string[]): Promise<string> {
    mkdirSync(DEBIAN_IMAGES, { recursive: true });
    const file = join(DEBIAN_IMAGES, `${[RELEASE, ...packages].join('-')}.tar`);
    if (!existsSync(file)) {
      const partial = `${file}.${process.pid}.tar`;
      const include = packages.map((one) => `--include=${one}`);
      await finished('mmdebstrap', ['--variant=minbase', ...include, RELEASE, partial]);
      renameSync(partial, file);
    }
    const tag = this.#tag(name);
    await finished('podman', ['import', '--quiet', file, tag]);
    return tag;
  }

  /** Builds the image of `deploy/`, with npm set up as for this process; resolves to its tag. */
  async build(bases: { readonly builder: string; readonly base: string }): Promise<string> {
    const tag = this.#tag('livedrops');
    const secrets = Object.entries({
      npmrc: join(process.env['HOME'] ?? '/root', '.npmrc'),
      ca: process.env['NODE_EXTRA_CA_CERTS'] ?? '',
    }).filter(([, file]) => existsSync(file));
    const options = [
      // A container in a container often may not have more.
      ['--isolation', 'chroot', '--network', 'host'],
      // Health checks are in this format alone.
      ['--format', 'docker'],
      ['--build-arg', `BUILDER=${bases.builder}`, '--build-arg', `BASE=${bases.base}`],
      ...secrets.map(([id, file]) => ['--secret', `id=${id},src=${file}`]),
      ['--file', 'deploy/Dockerfile', '--ignorefile', 'deploy/Dockerfile.dockerignore'],
    ];
    await finished('buildah', ['bud', ...options.flat(), '--tag', tag, '.']);
    return tag;
  }

  /** The bytes of an image as registries keep it, written to a folder that is not there yet. */
  async compressedBytes(image: string, folder: string): Promise<number> {
    const format = ['--format', 'docker-dir', '--compress'];
    await finished('podman', ['save', '--quiet', ...format, '--output', folder, image]);
    return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  }

  /** The name of a volume of this test. */
  volume(name: string): string {
    const volume = `${this.#prefix}-${name}`;
    if (!this.#volumes.includes(volume)) this.#volumes.push(volume);
    return volume;
  }

  /** A container that is removed when it ends. Its signals and its exit code are the process's. */
  container({ name, image, options, command, ready }: ContainerOptions): ChildServer {
    const usual = [
      ['--rm', '--name', this.#name(name), '--log-driver', 'none'],
      ['--network', 'host', '--timeout', String(LIFETIME_MAX_SECONDS)],
      ['--ulimit', `nproc=${PROCESSES_MAX}:${PROCESSES_MAX}`],
    ];
    const all = ['run', ...usual.flat(), ...options, image, ...command];
    const [program, args] = split(withRuntime(all));
    return new ChildServer({ command: program, args, ready });
  }

  /** Runs a command in a container that runs; throws where it fails. */
  exec(name: string, command: readonly string[]): Promise<string> {
    return finished(...split(withRuntime(['exec', this.#name(name), ...command])));
  }

  /** Throws where the check of its image's health fails. */
  async checkHealth(name: string): Promise<void> {
    await finished(...split(withRuntime(['healthcheck', 'run', this.#name(name)])));
  }

  async clean(): Promise<void> {
    for (const volume of this.#volumes) await attempted(['volume', 'rm', '--force', volume]);
    for (const image of this.#images.toReversed()) await attempted(['rmi', '--force', image]);
  }

  #name(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #tag(name: string): string {
    const tag = `localhost/${this.#prefix}-${name}:latest`;
    this.#images.push(tag);
    return tag;
  }
}

/** `podman` with these arguments, where its runtime starts containers. */
function withRuntime(args: readonly string[]): string[] {
  const isHybrid = readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${SECOND_CGROUPS} `);
  if (!isHybrid) return ['podman', ...args];
  const script = `umount --lazy ${SECOND_CGROUPS} && exec podman "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, 'podman', ...args];
}

function split([program = '', ...args]: readonly string[]): [string, string[]] {
  return [program, args];
}

/** Resolves to what it wrote. The error of a failure has what it said last. */
async function finished(program: string, args: readonly string[]): Promise<string> {
  const options = { cwd: ROOT, timeout: MAKE_MAX_MS, maxBuffer: OUTPUT_BYTES_MAX };
  try {
    return (await run(program, [...args], options)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const said = `${stdout}\n${stderr}`.slice(-4_000);
    throw new Error(`${program} ${args[0]} failed: ${said}`, { cause: error });
  }
}

async function attempted(args: readonly string[]): Promise<void> {
  // What was never made cannot be removed.
  await finished('podman', args).catch(() => undefined);
}
