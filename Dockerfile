FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/ src/
RUN dotnet publish src/BatchPlane.Cli -c Release -o /app --nologo

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# curl: health checks. procps: jobs commonly expect ps and kill.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl procps \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 batchplane \
    && install -d -o batchplane -g batchplane /var/lib/batchplane /var/lib/batchplane-agent
COPY --from=build /app /opt/batchplane
ENV PATH="/opt/batchplane:${PATH}"
USER batchplane
WORKDIR /var/lib/batchplane
EXPOSE 8080 8081
ENTRYPOINT ["batchplane"]
CMD ["--help"]
