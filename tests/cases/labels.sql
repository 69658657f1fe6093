SELECT name, value FROM build_labels JOIN processes USING (process) ORDER BY name
