"""Words of the role: inputs."""
