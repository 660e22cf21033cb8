# The web server and the worker are one image; docker-compose.yml gives each its command.
FROM python:3.11-slim

# Set it to an index of CPU builds of torch where there is no GPU: that saves several GB.
ARG PIP_EXTRA_INDEX_URL=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    SOMATA_DATA_DIR=/data

RUN useradd --create-home --uid 10001 somata \
    && install --directory --owner somata --group somata /data

WORKDIR /somata
# Apart from the code, so that a change of the code does not install everything again.
COPY requirements.txt ./
RUN PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL" pip install --requirement requirements.txt

COPY app ./app
COPY classifier ./classifier
COPY migrations ./migrations
COPY static ./static
COPY templates ./templates
COPY LICENSE pyproject.toml ./

USER somata
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "app", "serve", "--host", "0.0.0.0"]
