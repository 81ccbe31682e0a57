"""What tests share: servers, clusters, drawn images, and how the groups are run."""
