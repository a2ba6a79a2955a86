"""Pictures of flows and runs: samples, densities and curves, drawn by matplotlib without a screen."""
