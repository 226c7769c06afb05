# workerd with a worker in front and one Durable Object for each drop, on this machine's disk. The
# address and the directory are given on the command line, the secret in the environment.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "drops", worker = .drops),
    (name = "storage", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "drops")],
);

const drops :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
    (name = "durable-objects.mjs", esModule = embed "durable-objects.mjs"),
    (name = "problems.mjs", esModule = embed "problems.mjs"),
  ],
  bindings = [
    (name = "DROPS", durableObjectNamespace = "Drop"),
    (name = "AUTH_SECRET", fromEnvironment = "AUTH_SECRET"),
  ],
  durableObjectNamespaces = [(className = "Drop", uniqueKey = "drop", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),
);
