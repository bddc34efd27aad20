import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";
import { Shell } from "~/shell/Shell";
import { Loading } from "~/ui/Loading";

const SignIn = lazy(() => import("~/pages/sign-in/SignInPage"));
const Play = lazy(() => import("~/pages/play/PlayPage"));
const Deployments = lazy(() => import("~/pages/deployments/DeploymentsPage"));
const Deploy = lazy(() => import("~/pages/deploy/DeployPage"));
const Deployment = lazy(() => import("~/pages/deployment/DeploymentPage"));
const EditInputs = lazy(() => import("~/pages/deploy/EditInputsPage"));
const Versions = lazy(() => import("~/pages/versions/VersionsPage"));
const Jobs = lazy(() => import("~/pages/jobs/JobsPage"));
const Job = lazy(() => import("~/pages/job/JobPage"));
const Backends = lazy(() => import("~/pages/backends/BackendsPage"));
const Keys = lazy(() => import("~/pages/keys/KeysPage"));
const Usage = lazy(() => import("~/pages/usage/UsagePage"));
const Settings = lazy(() => import("~/pages/settings/SettingsPage"));
const NotFound = lazy(() => import("~/pages/not-found/NotFoundPage"));

/** Every page by its URL. Who has no admin session is led to the sign-in page by the shell; the playground looks after itself. */
export function App() {
  return (
    <Suspense fallback={<Loading />}>
      <Switch>
        <Route path="/sign-in" component={SignIn} />
        <Route path="/play/:name">{({ name }) => <Play name={name} key={name} />}</Route>
        <Route>
          <Shell>
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/" component={Deployments} />
                <Route path="/deploy" component={Deploy} />
                <Route path="/deployments/:name">{({ name }) => <Deployment name={name} key={name} />}</Route>
                <Route path="/deployments/:name/inputs">{({ name }) => <EditInputs name={name} key={name} />}</Route>
                <Route path="/deployments/:name/versions">{({ name }) => <Versions name={name} key={name} />}</Route>
                <Route path="/jobs" component={Jobs} />
                <Route path="/jobs/:promptId">{({ promptId }) => <Job promptId={promptId} key={promptId} />}</Route>
                <Route path="/backends" component={Backends} />
                <Route path="/keys" component={Keys} />
                <Route path="/usage" component={Usage} />
                <Route path="/settings" component={Settings} />
                <Route component={NotFound} />
              </Switch>
            </Suspense>
          </Shell>
        </Route>
      </Switch>
    </Suspense>
  );
}
