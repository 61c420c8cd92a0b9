// Package install tells browsers where the program is and puts the extension where they find it: for one user, or as
// administrator for all.
//
// What is to be done is a [Plan], made by pure functions for each system and scope, so that the plan for Windows is
// tested on Linux. Carrying it out is small: files through [os.Root], and values of the registry on Windows.
package install
