import "i18next";
import type backends from "./en/backends.json";
import type common from "./en/common.json";
import type deploy from "./en/deploy.json";
import type deployment from "./en/deployment.json";
import type deployments from "./en/deployments.json";
import type form from "./en/form.json";
import type graph from "./en/graph.json";
import type job from "./en/job.json";
import type jobs from "./en/jobs.json";
import type keys from "./en/keys.json";
import type mask from "./en/mask.json";
import type play from "./en/play.json";
import type settings from "./en/settings.json";
import type share from "./en/share.json";
import type signIn from "./en/signIn.json";
import type usage from "./en/usage.json";
import type versions from "./en/versions.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: {
      backends: typeof backends;
      common: typeof common;
      deploy: typeof deploy;
      deployment: typeof deployment;
      deployments: typeof deployments;
      form: typeof form;
      graph: typeof graph;
      job: typeof job;
      jobs: typeof jobs;
      keys: typeof keys;
      mask: typeof mask;
      play: typeof play;
      settings: typeof settings;
      share: typeof share;
      signIn: typeof signIn;
      usage: typeof usage;
      versions: typeof versions;
    };
  }
}
