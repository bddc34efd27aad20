import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "~/api/errors";
import { signIn } from "~/api/session";
import { ErrorNote } from "~/ui/ErrorNote";

/** The token, and what is wrong with it. Once it is right, the page finds a session and goes on. */
export function SignInForm() {
  const { t } = useTranslation("signIn");
  const [token, setToken] = useState("");
  const [missing, setMissing] = useState(false);
  const enter = useMutation({ mutationFn: signIn });
  const refused = enter.error instanceof ApiError && enter.error.status === 401;
  const submit = () => {
    const bare = token.trim();
    setMissing(!bare);
    if (bare) enter.mutate({ token: bare });
  };
  const change = (value: string) => {
    setToken(value);
    setMissing(false);
    enter.reset();
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack>
        {/* password managers file the token under this name */}
        <input type="text" name="username" autoComplete="username" value="admin" readOnly hidden />
        <TextInput
          type="password"
          name="token"
          label={t("token")}
          autoComplete="current-password"
          autoFocus
          spellCheck={false}
          size="md"
          value={token}
          onChange={(event) => change(event.currentTarget.value)}
          error={missing ? t("missing") : refused && t("wrong")}
          errorProps={{ role: "alert" }}
        />
        {enter.isError && !refused && <ErrorNote error={enter.error} onRetry={submit} />}
        <Button type="submit" size="md" fullWidth loading={enter.isPending}>
          {t("enter")}
        </Button>
      </Stack>
    </form>
  );
}
