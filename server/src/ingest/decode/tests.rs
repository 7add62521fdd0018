mod against_prost;
mod refusals;
