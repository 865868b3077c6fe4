//! The engine against a model of the kernel: it converges, it leaves alone what is not ours, and what goes
//! wrong costs only itself.
//!
//! [`scene`] makes configurations and kernels and states what must hold; the other files say when.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod convergence;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod manners;
#[cfg(test)]
mod names;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod published;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod stacks;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod waiting;
