import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { signIn } from "~/api/session";
import { ErrorNote } from "~/ui/ErrorNote";
import { readShare } from "./share";

interface Props {
  name: string;
  onDone?: () => void;
}

/** Sign in with a key, or with a share link pasted whole into the first field. */
export function AccessForm({ name, onDone }: Props) {
  const { t } = useTranslation("play");
  const [clientId, setClientId] = useState("");
  const [secret, setSecret] = useState("");
  const enter = useMutation({
    mutationFn: () => signIn({ client_id: clientId.trim(), client_secret: secret.trim() }),
    onSuccess: () => (onDone ? onDone() : window.location.reload()),
  });
  const typed = (text: string) => {
    const share = readShare(text);
    setClientId(share ? share.client_id : text);
    if (share) setSecret(share.client_secret);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={t("access.id")}
          description={t("access.idHint")}
          value={clientId}
          onChange={(event) => typed(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <PasswordInput
          label={t("access.secret")}
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          autoComplete="off"
          required
          visibilityToggleButtonProps={{ "aria-label": t("access.showSecret") }}
        />
        {enter.isError && <ErrorNote error={enter.error} />}
        <Button type="submit" loading={enter.isPending} fullWidth>
          {t("access.enter")}
        </Button>
        <Text size="sm" ta="center">
          <Anchor component={Link} href={`/sign-in?next=${encodeURIComponent(`/play/${encodeURIComponent(name)}`)}`}>
            {t("access.admin")}
          </Anchor>
        </Text>
      </Stack>
    </form>
  );
}
