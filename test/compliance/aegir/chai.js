import * as chai from 'chai'
import promises from 'chai-as-promised'
import bites from 'chai-bites'
import parentheses from 'chai-parentheses'

chai.use(bites)
chai.use(promises)
// the plugin replaces functions of chai's utilities, which are read-only in an ES module: it gets a copy
chai.use((instance, utilities) => parentheses(instance, { ...utilities }))

export const { expect, assert } = chai
