import type { components } from "./schema";

type Schemas = components["schemas"];

export type Session = Schemas["SessionOut"];
export type Input = Schemas["InputOut"];
export type Choice = Schemas["ChoiceOut"];
export type Deployment = Schemas["DeploymentOut"];
export type DeploymentDetail = Schemas["DeploymentDetail"];
export type Report = Schemas["ReportOut"];
export type Check = Schemas["CheckOut"];
export type Change = Schemas["ChangeOut"];
export type Job = Schemas["JobOut"];
export type JobDetail = Schemas["JobDetail"];
export type JobStatus = Schemas["JobStatus"];
export type Output = Schemas["OutputOut"];
export type Key = Schemas["KeyOut"];
export type Setting = Schemas["SettingOut"];
export type Usage = Schemas["UsageOut"];
export type Backend = Schemas["BackendOut"];
export type Workers = Schemas["WorkersOut"];

/** A node of a workflow in ComfyUI's API format. */
export interface WorkflowNode {
  class_type: string;
  inputs: Record<string, unknown>;
  _meta?: { title?: string };
}

/** A workflow in ComfyUI's API format, by node id. */
export type Workflow = Record<string, WorkflowNode>;
